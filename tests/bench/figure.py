"""A figure: what was measured, against what, and whether that is good enough."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure should be: in words, and as a rule."""

    text: str
    met_by: Callable[["Figure"], bool]


def ratio_at_least(ratio: float) -> Goal:
    """Ours reaches this part of the reference."""
    return Goal(f"ratio >= {ratio:g}", lambda figure: figure.ratio is not None and figure.ratio >= ratio)


def ours_below(limit: float, unit: str) -> Goal:
    """Ours stays below *limit*."""
    return Goal(f"ours < {limit:g} {unit}", lambda figure: figure.ours < limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of build/bench.json; *reference* was measured in the same minute, None where nothing is like it."""

    name: str
    ours: float
    reference: float | None
    unit: str
    goal: Goal | None = None
    note: str = ""
    """What the reference is, in a few words."""

    @property
    def ratio(self) -> float | None:
        """Ours in parts of the reference."""
        return self.ours / self.reference if self.reference else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        return self.goal.met_by(self) if self.goal else None

    def to_json(self) -> dict[str, Any]:
        """Return the line as it is written."""
        return {
            "name": self.name,
            "ours": round(self.ours, 4),
            "reference": None if self.reference is None else round(self.reference, 4),
            "ratio": None if self.ratio is None else round(self.ratio, 4),
            "unit": self.unit,
            "goal": self.goal.text if self.goal else None,
            "met": self.met,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a measurement is given: the parts, a folder of its own, and a callback for its progress."""

    mongo_url: str
    amqp_url: str
    folder: Path
    tell: Callable[[str], None]


Measure = Callable[[Bench], Awaitable[list[Figure]]]


@dataclass(slots=True)
class Area:
    """The measurements of one area, in order; see ``measures``.

    A run of an area takes a minute at most, so that five pairs of runs end within ten (``tests.bench.compare``).
    """

    name: str
    former_name: str = ""
    """The area that held these measurements in older commits; "" when it had this name from the start."""
    measurements: list[Measure] = field(default_factory=list)

    def measures(self, measure: Measure) -> Measure:
        """Add *measure*: use it as a decorator."""
        self.measurements.append(measure)
        return measure
