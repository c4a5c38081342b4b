"""The board: what the probes of all services last saw of each promise, and what the policy says."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.disclosure.domain import Result, Standing, standing
from services.disclosure.errors import PromiseNotFoundError
from services.disclosure.store import Results
from shared.policy import PROMISES, Promise, State

EVERYWHERE = frozenset({"C01", "C17"})
"""The chassis looks at these in every service: each owner must have been heard before they count as kept."""
LONGEST_EVIDENCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """A promise of the register and where it stands."""

    promise: Promise
    standing: Standing
    evidence: str

    @property
    def looked_at(self) -> int:
        """How many things all services together looked at."""
        return sum(result.looked_at for result in self.standing.results)

    @property
    def checked_at(self) -> datetime | None:
        """When the service that looked longest ago looked."""
        return min((result.checked_at for result in self.standing.results), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Hear results, tell where the promises stand."""

    results: Results
    silence: timedelta
    """How long a probe may be silent before its promise counts as unknown."""

    async def hear(self, result: Result) -> None:
        """Keep the last look of a service at a promise; what is no promise is left alone."""
        if result.promise_id in {promise.id for promise in PROMISES}:
            await self.results.put(result)

    async def all(self, *, at: datetime) -> list[Standings]:
        """Return all promises in the order of the policy."""
        known: dict[str, list[Result]] = {promise.id: [] for promise in PROMISES}
        for result in await self.results.all():
            known[result.promise_id].append(result)
        return [self._of(promise, known[promise.id], at) for promise in PROMISES]

    async def one(self, promise_id: str, *, at: datetime) -> Standings:
        """Return one promise."""
        for each in await self.all(at=at):
            if each.promise.id == promise_id:
                return each
        raise PromiseNotFoundError

    def _of(self, promise: Promise, results: list[Result], at: datetime) -> Standings:
        if promise.not_yet is not None:
            # Nobody looks at all of it: a part that is as it should be is no evidence, one that is not is enough.
            results = [result for result in results if result.state == State.BROKEN]
        expected = promise.owners if promise.id in EVERYWHERE else promise.owners[:1]
        found = standing(promise.id, results, expected=expected, at=at, silence=self.silence)
        is_broken = found.state == State.BROKEN
        evidence = promise.not_yet if promise.not_yet and not is_broken else _evidence(found, expected)
        return Standings(promise=promise, standing=found, evidence=evidence)


def summary(board: list[Standings]) -> dict[str, int]:
    """Count the promises by state."""
    counts = Counter(each.standing.state for each in board)
    return {state.value: counts[state.value] for state in State}


def _evidence(found: Standing, expected: tuple[str, ...]) -> str:
    """Return what the services saw that are in the state of the whole, and who has said nothing."""
    seen = [f"{each.service}: {each.evidence}" for each in found.results if each.state == found.state]
    missing = sorted(set(expected) - {result.service for result in found.results})
    seen += [f"{service}: not heard yet" for service in missing if found.state == "unknown"]
    return "; ".join(seen)[:LONGEST_EVIDENCE]
