"""The status of the parts, written by the supervisor: $CANDOR_HOME/stack.json, read by `up`, `status` and `down`."""

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
    """What kept the stack from starting: the part, why, and the last lines of its log."""

    part: str
    reason: str
    log: str
    tail: list[str]

    @classmethod
    def from_error(cls, error: PartFailedError) -> Self:
        """Make it of what a part raised."""
        return cls(part=error.name, reason=error.reason, log=str(error.log), tail=error.tail)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackStatus:
    """The state of one stack at one moment."""

    phase: Phase = "starting"
    supervisor_pid: int = 0
    base_url: str = ""
    local: bool = True
    notes: tuple[str, ...] = ()
    """What a person should know of the parts, in one line each."""
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By name: state, pid, log, detail (see Change)."""
    failure: StartFailure | None = None
    demo_accounts_error: str | None = None
    """Why there are no demo accounts; None when there are."""

    @property
    def pids(self) -> list[int]:
        """The process of each part that runs."""
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
        self._home, self._heard = home, on_status
        self.report = StackStatus(supervisor_pid=os.getpid(), base_url=base_url, local=local)

    def expect_parts(self, *parts: str) -> None:
        """Name the parts that will be started, so that the first report is complete."""
        waiting = {name: {"state": "starting", "pid": 0, "log": "", "detail": ""} for name in parts}
        self.update(parts=waiting)

    def record_event(self, event: ProcessEvent) -> None:
        """Record a change of one part."""
        told = asdict(event)
        self.update(parts={**self.report.parts, told.pop("name"): told})

    def update(self, **changes: Any) -> None:
        """Change the report, write it, and say so."""
        self.report = replace(self.report, **changes)
        write_private_file(self._home.status_file, json.dumps(asdict(self.report), indent=1) + "\n")
        self._heard(self.report)


def read_status(home: StackDirectory) -> StackStatus | None:
    """Return the last status of the stack in *home*; None when none ever ran."""
    home.check_format()  # the file of an older build has other fields
    try:
        told = json.loads(home.status_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    told["failure"] = StartFailure(**told["failure"]) if told["failure"] else None
    told["notes"] = tuple(told["notes"])
    return StackStatus(**told)
