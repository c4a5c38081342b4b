"""A probe and its findings."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from shared.policy import PROMISES, PromiseState

_PROMISE_IDS = frozenset(promise.id for promise in PROMISES)


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a probe that checked *sample_size* items; *evidence* is one line without personal data."""

    state: PromiseState
    sample_size: int
    evidence: str


def kept_finding(sample_size: int, evidence: str) -> Finding:
    """Return a finding that all checked items keep the promise."""
    return Finding(PromiseState.KEPT, sample_size, evidence)


def broken_finding(sample_size: int, evidence: str) -> Finding:
    """Return a finding that checked items break the promise; *evidence* gives their number and ids."""
    return Finding(PromiseState.BROKEN, sample_size, evidence)


def unknown_finding(evidence: str) -> Finding:
    """Return a finding without a result; *evidence* gives the reason."""
    return Finding(PromiseState.UNKNOWN, 0, evidence)


@dataclass(frozen=True, slots=True)
class Probe:
    """Checks the stored data for one promise every *interval*; None uses the runner's interval."""

    promise_id: str
    check: Callable[[], Awaitable[Finding]]
    interval: timedelta | None = None

    def __post_init__(self) -> None:
        if self.promise_id not in _PROMISE_IDS:
            raise ValueError(f"{self.promise_id} is not a promise: use an id from shared/policy/promises.yaml")
