"""A probe and what it finds."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from shared.policy import PROMISES, State

_IDS = frozenset(promise.id for promise in PROMISES)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe found among *looked_at* things; *evidence* is one line without personal data."""

    state: State
    looked_at: int
    evidence: str


def kept(looked_at: int, evidence: str) -> Finding:
    """Every one of the *looked_at* things is as promised."""
    return Finding(State.KEPT, looked_at, evidence)


def broken(looked_at: int, evidence: str) -> Finding:
    """Something among the *looked_at* things breaks the promise; *evidence* says how many and which, by id."""
    return Finding(State.BROKEN, looked_at, evidence)


def unknown(evidence: str) -> Finding:
    """Nothing can be said; *evidence* says why."""
    return Finding(State.UNKNOWN, 0, evidence)


@dataclass(frozen=True, slots=True)
class Probe:
    """Looks at the live data of one promise, every *interval* (the runner's own where there is none)."""

    promise_id: str
    look: Callable[[], Awaitable[Finding]]
    interval: timedelta | None = None

    def __post_init__(self) -> None:
        if self.promise_id not in _IDS:
            raise ValueError(f"{self.promise_id} is not a promise: the ids are in shared/policy/promises.yaml")
