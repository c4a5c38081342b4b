"""Renders the chart as Helm does."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import helm_python
import yaml

from tests.architecture.tree import ROOT

CHART = ROOT / "charts/candor"
EXAMPLES = sorted(path.stem for path in (CHART / "examples").glob("*.yaml"))
Manifest = dict[str, Any]


def example(name: str) -> dict[str, Any]:
    """Return the values of an example."""
    values: dict[str, Any] = yaml.safe_load((CHART / f"examples/{name}.yaml").read_text())
    return values


def render(values: Mapping[str, Any], *, chart: Path = CHART, name: str = "candor") -> list[Manifest]:
    """Return what Helm would install; a value that the schema refuses is a HelmError."""
    loaded = helm_python.Chart.load(chart)
    texts = loaded.render(dict(values), name=name, namespace="candor", is_install=True)
    return [
        manifest
        for path, text in sorted(texts.items())
        if not path.endswith("NOTES.txt")
        for manifest in yaml.safe_load_all(text)
        if manifest
    ]


@cache
def rendered(name: str) -> tuple[Manifest, ...]:
    """Return what an example installs."""
    return tuple(render(example(name)))


def of_kind(manifests: tuple[Manifest, ...], *kinds: str) -> Iterator[Manifest]:
    """Yield the manifests of *kinds*."""
    return (manifest for manifest in manifests if manifest["kind"] in kinds)


def edge_config(manifests: tuple[Manifest, ...]) -> Manifest:
    """Return the ConfigMap that the edge's pods name."""
    (edge,) = (one for one in of_kind(manifests, "Deployment") if component(one) == "edge")
    volumes = {volume["name"]: volume for volume in edge["spec"]["template"]["spec"]["volumes"]}
    name = volumes["config"]["configMap"]["name"]
    (config,) = (one for one in of_kind(manifests, "ConfigMap") if one["metadata"]["name"] == name)
    return config


def component(manifest: Manifest) -> str:
    """Return which part of the platform a manifest is about."""
    return str(manifest["metadata"]["labels"]["app.kubernetes.io/component"])


def pods(manifests: tuple[Manifest, ...]) -> Iterator[tuple[str, Manifest]]:
    """Yield the name and the pod of everything that runs."""
    for manifest in manifests:
        spec = manifest.get("spec", {})
        pod = spec if manifest["kind"] == "Pod" else spec.get("template", {}).get("spec")
        if pod and "containers" in pod:
            yield f"{manifest['kind']} {manifest['metadata']['name']}", pod
