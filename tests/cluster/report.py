"""What a run did: said as it goes, and written to docs/reference/cluster-test.md at its end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rich.console import Console

from tests.architecture.tree import ROOT

FILE = ROOT / "docs/reference/cluster-test.md"
CONSOLE = Console(highlight=False, width=140)
HEAD = """# The platform on a real Kubernetes: the last run that passed

Written by `make cluster-test` ([how](../how-to/kubernetes.md)); a run that fails writes nothing.

"""
LIMITS = """
## What this proves, and what not

One node, Kubernetes 1.20, from Debian packages; the parts (images, chart, network policies, probes, drains, upgrades)
are the real ones. The manifests are held against the schemas of 1.28, 1.31 and 1.37 by `make check`. Not there, hence
not proven here: a load balancer, cert-manager, the operators of MongoDB and RabbitMQ, metrics for the autoscaler, and a
second node. MongoDB and RabbitMQ are the small single ones of `dev.enabled` (MongoDB's wire protocol is served by
SecantusDB, [decision 1](../decisions/0001-embedded-database-and-driver.md)): they are deleted under traffic like
everything else, which costs time and no data, but they are not restarted in the runs where no request may fail.
"""


@dataclass(slots=True)
class Report:
    """The steps of one run and the tables beside them."""

    steps: list[tuple[str, str, float]] = field(default_factory=list)
    versions: list[tuple[str, str]] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    @contextmanager
    def step(self, title: str) -> Iterator[list[str]]:
        """Say a step, and how long it took; what is put into the list is what came of it."""
        CONSOLE.print(f"· {title} …", style="dim")
        seen: list[str] = []
        began = time.monotonic()
        yield seen
        seconds = time.monotonic() - began
        self.steps.append((title, "; ".join(seen), seconds))
        CONSOLE.print(f"[green]✓[/] {title} [dim]{seconds:.0f} s[/]")
        for line in seen:
            CONSOLE.print(f"    {line}", style="dim", markup=False)

    def write(self) -> None:
        """Write the page."""
        FILE.parent.mkdir(exist_ok=True)
        total = time.monotonic() - self.began
        lines = [
            f"On {datetime.now(UTC):%Y-%m-%d}, in {total / 60:.0f} minutes on two cores.",
            "",
            "| what | version |",
        ]
        lines += ["|---|---|", *(f"| {name} | {version} |" for name, version in self.versions)]
        lines += ["", "| step | seen | seconds |", "|---|---|---|"]
        lines += [f"| {title} | {seen} | {seconds:.0f} |" for title, seen, seconds in self.steps]
        FILE.write_text(HEAD + "\n".join(lines) + "\n" + LIMITS, encoding="utf-8")
