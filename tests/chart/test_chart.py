"""What the chart installs: valid for current and older Kubernetes, restricted, closed, its secrets kept."""

import copy
import json
import re
import subprocess
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared.bus.permissions import build_definitions
from shared.chassis.server import GRACEFUL_SHUTDOWN_SECONDS
from shared.registry import get_registry
from shared.release import RELEASE
from shared.stack.parts import edge
from tests.architecture.tree import ROOT, refuse, services
from tests.chart.rendering import CHART, EXAMPLES, component, edge_config, example, of_kind, pods, render, rendered

KUBERNETES = ("1.28", "1.31", "1.37")


def _certificate() -> bytes:
    """Return a certificate that the proxy can read; whose it is does not matter here."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "candor.example")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = (
        made.serial_number(1).not_valid_before(datetime.now(UTC)).not_valid_after(datetime.now(UTC) + timedelta(days=1))
    )
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


CERTIFICATE = _certificate()
OTHERS = ("cert-manager.io", "monitoring.coreos.com", "external-secrets.io")
"""Operators' own kinds, whose schemas are not part of Kubernetes."""


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("version", KUBERNETES)
def test_an_example_is_valid_for_kubernetes(name: str, version: str) -> None:
    for manifest in rendered(name):
        if not manifest["apiVersion"].startswith(OTHERS):
            kubernetes_validate.validate(manifest, version, strict=True)


def test_a_misspelt_field_of_a_manifest_would_be_found() -> None:
    service = copy.deepcopy(next(of_kind(rendered("small"), "Service")))
    service["spec"]["selecter"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(service, "1.37", strict=True)


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"publicURL": "https://my.example.org"}, "publicURL"),
    ({"services": {"identiy": {}}}, "identiy"),
    ({"services": {"identity": {"replica": 2}}}, "replica"),
    ({"edge": {"limits": {"perSecond": 1}}}, "perSecond"),
    ({"secrets": {"kind": "magic"}}, "kind"),
    ({"publicUrl": ""}, "publicUrl"),
    ({"publicUrl": "my.example.org"}, "publicUrl"),
    ({"image": {"digest": "sha256:123"}}, "digest"),
    ({"tls": {"certManager": {"enabled": True, "edgeIssuer": ""}}}, "edgeIssuer"),
    ({"secrets": {"kind": "external", "external": {"storeName": ""}}}, "storeName"),
    ({"secrets": {"kind": "generated"}}, "generated"),
]


@pytest.mark.parametrize(("mistake", "named"), MISTAKES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_misspelt_or_missing_value_is_refused_by_its_name(mistake: dict[str, Any], named: str) -> None:
    with pytest.raises(helm_python.HelmError, match=named):
        render({**example("small"), **mistake})


def test_the_schema_is_closed_everywhere() -> None:
    def is_open(schema: Any, path: str) -> list[str]:
        found = [path] if isinstance(schema, dict) and "properties" in schema and schema.get("type") == "object" else []
        found = [each for each in found if schema.get("additionalProperties") is not False]
        parts = schema.items() if isinstance(schema, dict) else []
        return found + [each for name, part in parts for each in is_open(part, f"{path}.{name}")]

    assert is_open(json.loads((CHART / "values.schema.json").read_text()), "values") == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_pod_is_restricted(name: str) -> None:
    """Pod Security Standards "restricted", a root that cannot be written, and no token of the cluster."""
    for where, pod in pods(rendered(name)):
        assert pod["automountServiceAccountToken"] is False, where
        assert pod["securityContext"]["runAsNonRoot"] is True, where
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod), where
        assert not any("hostPath" in volume for volume in pod.get("volumes", [])), where
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False, where
            assert security["readOnlyRootFilesystem"] is True, where
            assert security["capabilities"] == {"drop": ["ALL"]}, where
            assert security["seccompProfile"] == {"type": "RuntimeDefault"}, where


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_process_can_be_stopped_without_losing_a_request(name: str) -> None:
    for deployment in of_kind(rendered(name), "Deployment"):
        if component(deployment) == "mailbox":
            continue
        pod = deployment["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        wait = int(re.findall(r"sleep\D?(\d+)", container["lifecycle"]["preStop"]["exec"]["command"][-1])[0])
        assert pod["terminationGracePeriodSeconds"] >= wait + GRACEFUL_SHUTDOWN_SECONDS, component(deployment)
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container), component(deployment)
        # An outage of a part restarts no pod: what lives is not what is ready.
        assert container["livenessProbe"]["httpGet"]["path"] != container["readinessProbe"]["httpGet"]["path"]


def test_the_release_is_the_same_everywhere() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {RELEASE, chart["appVersion"], project} == {RELEASE}
    assert yaml.safe_load((CHART / "values.yaml").read_text())["dev"]["mailbox"]["image"].endswith(f":{RELEASE}")


def test_the_chart_runs_every_service_and_the_edge() -> None:
    found = {component(deployment) for deployment in of_kind(rendered("small"), "Deployment")}
    assert found == {*services(), "edge"}


def test_every_process_has_what_an_operator_expects() -> None:
    for kind in ("Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"):
        found = {component(m) for m in of_kind(rendered("production"), kind) if "component" in str(m["metadata"])}
        assert found >= {*services(), "edge"}, kind


def test_renewed_certificates_can_be_read_before_the_group_has_them() -> None:
    modes = {
        (kind, volume["name"]): volume["secret"]["defaultMode"]
        for kind, spec in pods(rendered("production"))
        for volume in spec.get("volumes", ())
        if volume["name"] in {"tls", "pod-tls"}
    }
    assert len(modes) == len(services()) + 3, "each service, the listener for mail, the edge with two"
    assert set(modes.values()) == {0o444}, "the proxy would go on with the old certificate until it ends"


def test_generated_secrets_are_made_at_the_first_install_and_never_again() -> None:
    for secret in of_kind(rendered("tryout"), "Secret"):
        marks = secret["metadata"]["annotations"]
        # An upgrade does not run what belongs to the install; an uninstall leaves it; a new install looks it up.
        assert marks["helm.sh/hook"] == "pre-install"
        assert marks["helm.sh/resource-policy"] == "keep"
    assert "lookup" in (CHART / "templates/secrets.yaml").read_text()


def test_the_broker_of_the_chart_has_the_users_that_the_registry_declares() -> None:
    written = (CHART / "files/broker.json").read_text()
    assert json.loads(written) == build_definitions(get_registry(), {}), "Run `make docs` and commit it."


def test_each_service_is_a_user_of_its_own_in_the_try_out() -> None:
    secrets = {one["metadata"]["name"]: one["stringData"] for one in of_kind(rendered("tryout"), "Secret")}
    broker = json.loads(secrets["candor-rabbitmq"]["definitions.json"])
    users = {user["name"]: user for user in broker["users"]}
    assert users["candor"]["tags"] == ["administrator", "impersonator"]
    assert len({user["password"] for user in users.values()}) == len(users)
    for service in get_registry():
        mine = secrets[f"candor-{service.name}"]
        assert ("AMQP_URL" in mine, "MONGO_URL" in mine) == (service.has_broker, service.has_database), service.name
        if service.has_broker:
            assert mine["AMQP_URL"].startswith(f"amqp://{service.name}:{users[service.name]['password']}@")
            assert users[service.name]["tags"] == []
        if service.has_database:
            password = secrets["candor-mongo"][f"password-{service.name}"]
            assert mine["MONGO_URL"].startswith(f"mongodb://{service.name}:{password}@candor-mongo:27017/candor_")
            assert f'"{service.name}":"{password}"' in secrets["candor-mongo"]["users.js"]


def test_production_holds_no_secret_and_no_password() -> None:
    assert not list(of_kind(rendered("production"), "Secret"))
    assert not list(of_kind(rendered("small"), "Secret"))


def test_no_image_of_bitnami_is_used() -> None:
    for name in EXAMPLES:
        images = {container["image"] for _, pod in pods(rendered(name)) for container in pod["containers"]}
        refuse((image for image in images if "bitnami" in image), "Use the official image, or the operator.")


def test_the_chart_reads_the_registry() -> None:
    assert (CHART / "files/services.yaml").resolve() == (ROOT / "shared/services.yaml").resolve()


def test_the_edge_runs_the_configuration_of_the_gateway() -> None:
    assert (CHART / "files/envoy.yaml").resolve() == (ROOT / "services/gateway/envoy.yaml").resolve()
    for name in EXAMPLES:
        files = edge_config(rendered(name))["data"]
        assert "${" not in files["envoy.json"], "a place that the chart does not fill in"


def test_the_edge_of_the_chart_has_the_services_of_the_edge_on_one_machine(tmp_path: Path) -> None:
    ports = dict.fromkeys((*services(), "mailbox"), 1)
    here = edge.EdgeConfig(
        port=2, frontend_port=3, admin_port=4, public_url="http://127.0.0.1:2", upstreams=ports, local=False
    )
    one_machine = edge_services(edge.render_config(here, access_log=tmp_path / "log"))
    assert set(one_machine["health"]) == set(services())
    for name in ("small", "production"):
        assert edge_services(edge_config(rendered(name))["data"]["envoy.json"]) == one_machine


def edge_services(envoy: str) -> dict[str, Any]:
    """Return what a configuration of the edge says of services: clusters, health check, and routes."""
    found = yaml.safe_load(envoy)["static_resources"]
    manager = found["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    routes = manager["route_config"]["virtual_hosts"][0]["routes"]
    return {
        "clusters": {cluster["name"] for cluster in found["clusters"]},
        "health": manager["http_filters"][0]["typed_config"]["cluster_min_healthy_percentages"],
        "routes": {json.dumps(one["match"]): (one.get("name"), one["route"]) for one in routes if "route" in one},
    }


def test_the_edge_of_one_release_never_starts_with_the_configuration_of_another() -> None:
    one = example("small")
    same, changed = one | {"logLevel": "debug"}, one | {"publicUrl": "https://other.example.org"}
    configs = [edge_config(tuple(render(values))) for values in (one, same, changed)]
    names = [config["metadata"]["name"] for config in configs]
    assert names[0] == names[1] != names[2]
    assert all(config["immutable"] for config in configs)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_proxy_itself_accepts_its_configuration(name: str, tmp_path: Path) -> None:
    for file in ("tls.crt", "ca.crt"):
        (tmp_path / file).write_bytes(CERTIFICATE)
    files = edge_config(rendered(name))["data"]
    for file, text in files.items():
        here = text.replace("/etc/envoy/", f"{tmp_path}/").replace("/etc/candor/pod-tls/", f"{tmp_path}/")
        (tmp_path / file).write_text(here)
    envoy = str(edge.find_binary())
    checked = subprocess.run(
        [envoy, "--mode", "validate", "-c", tmp_path / "envoy.json"], capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stderr.decode()[-600:]
