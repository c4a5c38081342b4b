"""A probe and what it finds."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from shared.policy import PROMISES, PromiseState

_PROMISE_IDS = frozenset(promise.id for promise in PROMISES)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe found among *looked_at* things; *evidence* is one line without personal data."""

    state: PromiseState
    sample_size: int
    evidence: str


def kept_finding(sample_size: int, evidence: str) -> Finding:
    """Every one of the *looked_at* things is as promised."""
    return Finding(PromiseState.KEPT, sample_size, evidence)


def broken_finding(sample_size: int, evidence: str) -> Finding:
    """Something among the *looked_at* things breaks the promise; *evidence* says how many and which, by id."""
    return Finding(PromiseState.BROKEN, sample_size, evidence)


def unknown_finding(evidence: str) -> Finding:
    """Nothing can be said; *evidence* says why."""
    return Finding(PromiseState.UNKNOWN, 0, evidence)


@dataclass(frozen=True, slots=True)
class Probe:
    """Checks the live data of one promise, every *interval* (the runner's own where there is none)."""

    promise_id: str
    check: Callable[[], Awaitable[Finding]]
    interval: timedelta | None = None

    def __post_init__(self) -> None:
        if self.promise_id not in _PROMISE_IDS:
            raise ValueError(f"{self.promise_id} is not a promise: the ids are in shared/policy/promises.yaml")
