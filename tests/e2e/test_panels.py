"""Every panel of every dashboard, and every rule, asked of a real Prometheus that scrapes the running stack."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from shared.stack.settings import SERVICES
from tests.chart.rendering import CHART, of_kind, rendered
from tests.demo.steps import STORY
from tests.demo.story import tell
from tests.demo.world import open_world
from tests.support.stack import StackUnderTest

INSTALLATIONS = 40
"""Few, so that the test is quick; `make demo` has thousands."""

pytestmark = pytest.mark.skipif(shutil.which("prometheus") is None, reason="Debian's prometheus is not installed")

QUIET = {"ErrorBudgetBurnsFast", "ErrorBudgetBurnsSlowly"}
"""Alerts on recorded ratios, which are only there after half an hour; promtool tests them (tests/chart)."""


def scrapes(stack: StackUnderTest) -> dict[str, Any]:
    """Return the configuration of a Prometheus, each service labelled as the chart's ServiceMonitor does."""
    ports = stack.ports

    def job(name: str, port: int, path: str = "/metrics", **more: Any) -> dict[str, Any]:
        return {
            "job_name": name,
            "metrics_path": path,
            "honor_labels": True,
            "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
            **more,
        }

    jobs = [job(service, ports[service]) for service in SERVICES]
    jobs.append(job("edge", ports["edge-admin"], "/stats/prometheus"))
    families = {"params": {"family": ["queue_coarse_metrics"]}}
    jobs.append(job("rabbitmq", ports["rabbit-metrics"], "/metrics/detailed", **families))
    return {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}


@pytest.fixture
def prometheus(stack: StackUnderTest, tmp_path: Path) -> Iterator[str]:
    """A Prometheus of its own; yields its address."""
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(scrapes(stack)))
    at = f"127.0.0.1:{stack.ports.base + 45}"
    command = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address={at}"]
    with (tmp_path / "prometheus.log").open("w") as log:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log)
        try:
            yield f"http://{at}"
        finally:
            process.terminate()
            process.wait(20)


def asked() -> list[tuple[str, str]]:
    """Return the title and the query of every panel, as Grafana gets them, and the left side of every alert."""
    found = []
    for config in of_kind(rendered("small"), "ConfigMap"):
        if "dashboard" in config["metadata"]["name"]:
            for text in config["data"].values():
                panels = json.loads(text)["panels"]
                found += [(panel["title"], target["expr"]) for panel in panels for target in panel["targets"]]
    for group in yaml.safe_load((CHART / "files/rules.yaml").read_text())["groups"]:
        for rule in group["rules"]:
            if "alert" in rule and rule["alert"] not in QUIET:
                found.append((rule["alert"], unconditional(rule["expr"])))
    return found


def unconditional(query: str) -> str:
    """Return what an alert compares, without the comparison: a healthy platform fires none."""
    for sign in (" == ", " > ", " < "):
        query = query.rpartition(sign)[0] or query
    return query


async def series(http: aiohttp.ClientSession, address: str, query: str) -> int:
    """Return how many series a query finds."""
    async with http.get(f"{address}/api/v1/query", params={"query": query}) as answer:
        told = await answer.json()
    assert told["status"] == "success", f"{query}: {told.get('error')}"
    return len(told["data"]["result"])


async def test_every_panel_and_every_alert_asks_for_what_is_there(
    stack: StackUnderTest, prometheus: str, tmp_path: Path
) -> None:
    async with open_world(stack.home.root, tmp_path) as world:
        world.notes["installations"] = INSTALLATIONS
        record = await tell(STORY, world, said=lambda _: None)
        assert record.passed, record.told[-1]
        empty = asked()
        assert len(empty) > 40
        deadline = asyncio.get_running_loop().time() + 60
        while empty and asyncio.get_running_loop().time() < deadline:
            empty = [one for one in empty if not await series(world.http, prometheus, one[1])]
            await asyncio.sleep(1)
    assert empty == []
