"""What the supervisor tells of its parts: $CANDOR_HOME/stack.json, for `up`, `status`, `logs`, `down` and the tests."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

from shared.stack.home import Home, write_private
from shared.stack.process import Change, PartFailedError

Phase = Literal["starting", "ready", "failed", "stopping", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What kept the stack from starting: the part, why, and the last lines of its log."""

    part: str
    reason: str
    log: str
    tail: list[str]

    @classmethod
    def of(cls, fault: PartFailedError) -> Self:
        """Make it of what a part raised."""
        return cls(part=fault.name, reason=fault.reason, log=str(fault.log), tail=fault.tail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The state of one stack at one moment."""

    phase: Phase = "starting"
    supervisor: int = 0
    base_url: str = ""
    local: bool = True
    notes: tuple[str, ...] = ()
    """What a person should know of the parts, in one line each."""
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By name: state, pid, log, detail (see Change)."""
    failure: Failure | None = None
    people: str | None = None
    """Why there are no demo people; None when all is well."""

    @property
    def pids(self) -> list[int]:
        """The process of each part that runs."""
        return [part["pid"] for part in self.parts.values() if part["pid"]]

    @property
    def waiting(self) -> list[str]:
        """The parts that are not ready."""
        return [name for name, part in self.parts.items() if part["state"] != "ready"]


class Reporter:
    """Keeps the report of a running supervisor, in the file and for whoever listens."""

    def __init__(self, home: Home, *, base_url: str, local: bool, heard: Callable[[Report], None]) -> None:
        self._home, self._heard = home, heard
        self.report = Report(supervisor=os.getpid(), base_url=base_url, local=local)

    def expect(self, *parts: str) -> None:
        """Name the parts that will be started, so that the first report is complete."""
        waiting = {name: {"state": "starting", "pid": 0, "log": "", "detail": ""} for name in parts}
        self.tell(parts=waiting)

    def change(self, change: Change) -> None:
        """Hear what has become of one part."""
        told = asdict(change)
        self.tell(parts={**self.report.parts, told.pop("name"): told})

    def tell(self, **changes: Any) -> None:
        """Change the report, write it, and say so."""
        self.report = replace(self.report, **changes)
        write_private(self._home.state, json.dumps(asdict(self.report), indent=1) + "\n")
        self._heard(self.report)


def read_report(home: Home) -> Report | None:
    """Return what the supervisor of *home* told last; None when none ever ran."""
    try:
        told = json.loads(home.state.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    told["failure"] = Failure(**told["failure"]) if told["failure"] else None
    told["notes"] = tuple(told["notes"])
    return Report(**told)
