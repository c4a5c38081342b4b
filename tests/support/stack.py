"""A whole stack of its own, run by the commands that people run."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.stack.directory import StackDirectory
from shared.stack.settings import ROOT, StackPorts
from shared.stack.status import StackStatus, read_status
from tests.support.parts import free_ports

NOT_PASSED_ON = ("MONGO_URL", "AMQP_URL", "SMTP_URL")
"""A stack under test runs its own parts: some tests end them."""


@dataclass(frozen=True, slots=True)
class StackUnderTest:
    """A stack with ports and a folder of its own; *settings* are added to its environment."""

    home: StackDirectory
    ports: StackPorts = field(default_factory=free_ports)
    settings: dict[str, str] = field(default_factory=dict)

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run ``python -m shared.stack`` with *command* to its end."""
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_PASSED_ON}
        own = {"CANDOR_PORT": str(self.ports.base), "CANDOR_HOME": str(self.home.root), **self.settings}
        return subprocess.run(
            [sys.executable, "-m", "shared.stack", *command],
            cwd=ROOT,
            env={**inherited, **own},
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )

    @property
    def url(self) -> str:
        """The address of the edge, as users open it."""
        return f"http://localhost:{self.ports.base}"

    @property
    def report(self) -> StackStatus:
        """What the supervisor has told last."""
        report = read_status(self.home)
        assert report is not None
        return report

    @property
    def access(self) -> dict[str, Any]:
        """The demo people."""
        return dict(json.loads(self.home.access_file.read_text(encoding="utf-8")))


def processes_of(report: StackStatus) -> set[int]:
    """Return every live process that belongs to the stack of *report*: its supervisor, its parts and their children.

    Each part has a session of its own, which whatever it starts belongs to.
    """
    leaders = {report.supervisor_pid, *report.pids}
    return {pid for pid, session, state in _processes() if state != "Z" and (session in leaders or pid in leaders)}


def _processes() -> list[tuple[int, int, str]]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found.append((int(entry.name), int(fields[3]), fields[0]))
    return found
