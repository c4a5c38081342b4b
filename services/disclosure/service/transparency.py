"""The transparency report: how often data was disclosed, on what ground, and whether those concerned were told.

Every figure is a step of five, never a number: "fewer than 5", "5 to 9". So no cell is about a few people, no
subtraction of two cells and no look before and after a case gives one away.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from services.disclosure.domain import Ground, NoticeState
from services.disclosure.store import CaseStatistics, GroundCounts

BUCKET_SIZE = 5
_CACHE_TTL = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class CountRange:
    """A number as it is published: it lies within these bounds, both included."""

    at_least: int
    at_most: int

    @classmethod
    def from_count(cls, count: int) -> "CountRange":
        """Return the step in which *count* lies."""
        floor = count // BUCKET_SIZE * BUCKET_SIZE
        return cls(floor, floor + BUCKET_SIZE - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundTotals:
    """One ground in one year."""

    ground: Ground
    cases: CountRange
    accounts: CountRange
    relayed: CountRange
    failed: CountRange


@dataclass(frozen=True, slots=True, kw_only=True)
class YearTotals:
    """All grounds of one year, by the day on which a second person approved the case."""

    year: int
    grounds: tuple[GroundTotals, ...]


@dataclass(slots=True, kw_only=True)
class TransparencyService:
    """Makes the report; one that was just made is given again, so that asking often costs nothing."""

    statistics: CaseStatistics
    _cached: tuple[datetime, tuple[YearTotals, ...]] | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get_report(self, *, at: datetime) -> tuple[YearTotals, ...]:
        """Return every year since the first case, the newest first; the running year is always there."""
        async with self._lock:
            if self._cached is None or not timedelta(0) <= at - self._cached[0] < _CACHE_TTL:
                self._cached = at, await self._build_report(at)
            return self._cached[1]

    async def _build_report(self, at: datetime) -> tuple[YearTotals, ...]:
        first = await self.statistics.get_first_approval() or at
        return tuple([await self._build_year(year) for year in range(at.year, min(first, at).year - 1, -1)])

    async def _build_year(self, year: int) -> YearTotals:
        since, until = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
        totals = await self.statistics.count_by_ground(since, until)
        return YearTotals(year=year, grounds=tuple(_build_totals(ground, total) for ground, total in totals.items()))


def _build_totals(ground: Ground, total: GroundCounts) -> GroundTotals:
    return GroundTotals(
        ground=ground,
        cases=CountRange.from_count(total.cases),
        accounts=CountRange.from_count(total.accounts),
        relayed=CountRange.from_count(total.notices[NoticeState.RELAYED]),
        failed=CountRange.from_count(total.notices[NoticeState.FAILED]),
    )
