"""The status of the parts in $CANDOR_HOME/stack.json: written by the supervisor, read by `up`, `status` and `down`."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

from shared.stack.directory import StackDirectory, write_private_file
from shared.stack.process import PartFailedError, ProcessEvent

Phase = Literal["starting", "ready", "failed", "stopping", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartFailure:
    """Why the stack did not start: the part, the reason, and the last lines of its log."""

    part: str
    reason: str
    log: str
    tail: list[str]

    @classmethod
    def from_error(cls, error: PartFailedError) -> Self:
        """Return the failure described by *error*."""
        return cls(part=error.name, reason=error.reason, log=str(error.log), tail=error.tail)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackStatus:
    """The state of one stack at one moment."""

    phase: Phase = "starting"
    supervisor_pid: int = 0
    base_url: str = ""
    local: bool = True
    notes: tuple[str, ...] = ()
    """Notes for the developer about the parts, one line each."""
    inbound: str = ""
    """The address of the listener for inbound mail, and its domain; empty without one."""
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By name: state, pid, log, detail (see ProcessEvent)."""
    failure: StartFailure | None = None
    demo_accounts_error: str | None = None
    """Why the demo accounts could not be created; None when they exist."""

    @property
    def pids(self) -> list[int]:
        """The process id of each running part."""
        return [part["pid"] for part in self.parts.values() if part["pid"]]

    @property
    def waiting_parts(self) -> list[str]:
        """The parts that are not ready."""
        return [name for name, part in self.parts.items() if part["state"] != "ready"]


class StatusWriter:
    """Updates the status of a running supervisor: in the file and for the listener."""

    def __init__(
        self, home: StackDirectory, *, base_url: str, local: bool, on_status: Callable[[StackStatus], None]
    ) -> None:
        self._home, self._on_status = home, on_status
        self.report = StackStatus(supervisor_pid=os.getpid(), base_url=base_url, local=local)

    def expect_parts(self, *parts: str) -> None:
        """Announce the parts that will be started, so that the first status is complete."""
        waiting = {name: {"state": "starting", "pid": 0, "log": "", "detail": ""} for name in parts}
        self.update(parts=waiting)

    def record_event(self, event: ProcessEvent) -> None:
        """Record a state change of one part."""
        entry = asdict(event)
        self.update(parts={**self.report.parts, entry.pop("name"): entry})

    def update(self, **changes: Any) -> None:
        """Change the status, write it, and notify the listener."""
        self.report = replace(self.report, **changes)
        write_private_file(self._home.status_file, json.dumps(asdict(self.report), indent=1) + "\n")
        self._on_status(self.report)


def read_status(home: StackDirectory) -> StackStatus | None:
    """Return the last status of the stack in *home*; None when no stack has run there."""
    home.check_format()  # the file of an older build has other fields
    try:
        stored = json.loads(home.status_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    stored["failure"] = StartFailure(**stored["failure"]) if stored["failure"] else None
    stored["notes"] = tuple(stored["notes"])
    return StackStatus(**stored)
