"""A story is a list of steps; each step does what a person would do and says in one line what came of it."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field

from tests.demo.world import World

Act = Callable[[World], Awaitable[str]]


class DemoError(Exception):
    """A step did not turn out as promised; the message says what was seen instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that a user does, and the promises that it shows."""

    title: str
    shows: tuple[str, ...]
    act: Act


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a step did: its line in the record."""

    step: str
    shows: tuple[str, ...]
    outcome: str
    detail: str
    seconds: float


@dataclass(slots=True)
class Record:
    """The record of one run, kept as ``build/demo.json``."""

    base_url: str
    told: list[Told] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Tell whether every step so far turned out well."""
        return all(line.outcome == "ok" for line in self.told)

    def as_json(self) -> dict[str, object]:
        """Return the record as it is written to the file."""
        return {
            "base_url": self.base_url,
            "passed": self.passed,
            "promises_shown": sorted({promise for line in self.told for promise in line.shows}),
            "steps": [asdict(line) for line in self.told],
        }


def step(title: str, *shows: str) -> Callable[[Act], Step]:
    """Make a step of a function: ``@step("Log in", "C22")``."""
    return lambda act: Step(title=title, shows=shows, act=act)


def expect(holds: bool, what: str) -> None:
    """Fail the step with *what* was expected."""
    if not holds:
        raise DemoError(f"expected {what}")


async def tell(steps: list[Step], world: World, *, said: Callable[[Told], None]) -> Record:
    """Run *steps* in order and stop at the first that fails."""
    record = Record(base_url=world.base_url)
    for each in steps:
        line = await _tell_one(each, world)
        record.told.append(line)
        said(line)
        if line.outcome != "ok":
            break
    return record


async def _tell_one(each: Step, world: World) -> Told:
    began = time.monotonic()
    try:
        detail, outcome = await each.act(world), "ok"
    except (DemoError, OSError, TimeoutError, LookupError, ValueError) as fault:
        detail, outcome = f"{type(fault).__name__}: {fault}", "failed"
    seconds = round(time.monotonic() - began, 3)
    return Told(step=each.title, shows=each.shows, outcome=outcome, detail=detail, seconds=seconds)
