"""The promise board: the latest probe results of all services for each promise of the policy."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.disclosure.domain import ProbeResult, PromiseStatus, combine_results
from services.disclosure.errors import PromiseNotFoundError
from services.disclosure.store import ProbeResults
from shared.policy import PROMISES, Promise, PromiseState

PROBED_BY_EVERY_OWNER = frozenset({"C01", "C04", "C17"})
"""The chassis probes these in every service, so each owner must report before they count as kept."""
MAX_EVIDENCE_LENGTH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseStatusView:
    """A promise of the policy and its state."""

    promise: Promise
    status: PromiseStatus
    evidence: str

    @property
    def sample_size(self) -> int:
        """The number of items that all services checked together."""
        return sum(result.sample_size for result in self.status.results)

    @property
    def checked_at(self) -> datetime | None:
        """The time of the oldest result."""
        return min((result.checked_at for result in self.status.results), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseBoard:
    """Records probe results and combines them into the state of each promise."""

    results: ProbeResults
    stale_after: timedelta
    """How long a probe may be silent before its promise counts as unknown."""

    async def record(self, result: ProbeResult) -> None:
        """Store the latest result of a service for a promise; results for unknown promises are ignored."""
        if result.promise_id in {promise.id for promise in PROMISES}:
            await self.results.put(result)

    async def list_statuses(self, *, at: datetime) -> list[PromiseStatusView]:
        """Return all promises in the order of the policy."""
        known: dict[str, list[ProbeResult]] = {promise.id: [] for promise in PROMISES}
        for result in await self.results.list_all():
            known[result.promise_id].append(result)
        return [self._build_status(promise, known[promise.id], at) for promise in PROMISES]

    async def get(self, promise_id: str, *, at: datetime) -> PromiseStatusView:
        """Return one promise."""
        for each in await self.list_statuses(at=at):
            if each.promise.id == promise_id:
                return each
        raise PromiseNotFoundError

    def _build_status(self, promise: Promise, results: list[ProbeResult], at: datetime) -> PromiseStatusView:
        if promise.coverage_gap is not None:
            # Probes cover the promise only in part: one broken part proves it broken, kept parts prove nothing.
            results = [result for result in results if result.state == PromiseState.BROKEN]
        expected = promise.owners if promise.id in PROBED_BY_EVERY_OWNER else promise.owners[:1]
        found = combine_results(promise.id, results, expected=expected, at=at, stale_after=self.stale_after)
        is_broken = found.state == PromiseState.BROKEN
        evidence = (
            promise.coverage_gap if promise.coverage_gap and not is_broken else _collect_evidence(found, expected)
        )
        return PromiseStatusView(promise=promise, status=found, evidence=evidence)


def count_by_state(statuses: list[PromiseStatusView]) -> dict[str, int]:
    """Count the promises by state."""
    counts = Counter(each.status.state for each in statuses)
    return {state.value: counts[state.value] for state in PromiseState}


def _collect_evidence(found: PromiseStatus, expected: tuple[str, ...]) -> str:
    """Return the evidence of the services that determine the state, and the services without a result."""
    texts = [f"{each.service}: {each.evidence}" for each in found.results if each.state == found.state]
    missing = sorted(set(expected) - {result.service for result in found.results})
    texts += [f"{service}: no result yet" for service in missing if found.state == "unknown"]
    return "; ".join(texts)[:MAX_EVIDENCE_LENGTH]
