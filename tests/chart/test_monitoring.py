"""Alerts and dashboards: what they ask exists, each alert leads to a page that tells what to do."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.architecture.tree import ROOT, product, refuse
from tests.chart.readme import readme
from tests.chart.rendering import CHART, of_kind, rendered

RULES = CHART / "files/rules.yaml"
OF_OTHERS = ("envoy_", "rabbitmq_", "process_", "job:")
ENDINGS = "seconds|total|bytes|fds|count|bucket|kept|waiting|up|healthy|expiring|ready|open|overdue"
NAMES = re.compile(rf"\b[a-z][a-z0-9_]*_(?:{ENDINGS})\b")


def alerts() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"] if "alert" in rule]


def queries() -> Iterator[tuple[str, str]]:
    """Yield where and what is asked, in rules and dashboards."""
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            yield rule.get("alert") or rule["record"], rule["expr"]
    for config in of_kind(rendered("small"), "ConfigMap"):
        for text in (config["data"][name] for name in config["data"] if "dashboard" in config["metadata"]["name"]):
            for panel in json.loads(text)["panels"]:
                yield from ((panel["title"], target["expr"]) for target in panel["targets"])


def made() -> set[str]:
    """Return the metrics that the product makes."""
    call = re.compile(r"(?:counter|gauge|histogram)\(\s*\"(\w+)\"")
    return {name for source in product() for name in call.findall(source.text)}


def test_every_metric_that_is_asked_for_is_made() -> None:
    known = made()
    known |= {f"{name}_{part}" for name in known for part in ("bucket", "count", "sum")}
    refuse(
        (
            f"{where}: {name}"
            for where, query in queries()
            for name in NAMES.findall(re.sub(r"\{[^}]*\}|by \([^)]*\)", "", query))
            if name not in known and not name.startswith(OF_OTHERS)
        ),
        "Make the metric (shared.observe), or correct the query: a panel or an alert about nothing never fires.",
    )


def test_every_alert_leads_to_a_page() -> None:
    refuse(
        (alert["alert"] for alert in alerts() if not (ROOT / alert["annotations"]["runbook"]).exists()),
        "Write the page: what it means, what customers notice, where to look, what to do, how to know that it is over.",
    )


def test_every_runbook_belongs_to_an_alert() -> None:
    named = {alert["annotations"]["runbook"] for alert in alerts()} | {"docs/runbooks/README.md"}
    pages = {f"docs/runbooks/{path.name}" for path in (ROOT / "docs/runbooks").glob("*.md")}
    refuse(pages - named, "Name the page in an alert of charts/candor/files/rules.yaml, or move it to docs/how-to.")


def test_there_is_a_dashboard_for_each_area() -> None:
    found = {path.stem for path in (CHART / "dashboards").glob("*.yaml")}
    assert found == {"overview", "messaging", "promises", "sagas", "sync", "mail", "payments", "identity"}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool comes with Debian's prometheus")
def test_the_rules_fire_when_they_should_and_only_then() -> None:
    for command in (["check", "rules", str(RULES)], ["test", "rules", "rules.test.yaml"]):
        checked = subprocess.run(["promtool", *command], capture_output=True, cwd=ROOT / "tests/chart", check=False)
        assert checked.returncode == 0, (checked.stdout + checked.stderr).decode()[-2000:]


def test_the_readme_of_the_chart_is_in_step() -> None:
    assert (CHART / "README.md").read_text() == readme(), "run `make docs` and commit charts/candor/README.md"
