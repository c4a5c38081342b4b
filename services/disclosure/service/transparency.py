"""The transparency report: disclosures by year and ground, affected accounts, and results of the notices.

Every figure is a range of five ("fewer than 5", "5 to 9"). Neither a cell, nor a difference of two cells, nor a
comparison before and after a case reveals a small group.
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
    """A published count: an inclusive range."""

    at_least: int
    at_most: int

    @classmethod
    def from_count(cls, count: int) -> "CountRange":
        """Return the range that contains *count*."""
        floor = count // BUCKET_SIZE * BUCKET_SIZE
        return cls(floor, floor + BUCKET_SIZE - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundTotals:
    """The disclosures on one ground in one year."""

    ground: Ground
    cases: CountRange
    accounts: CountRange
    relayed: CountRange
    failed: CountRange


@dataclass(frozen=True, slots=True, kw_only=True)
class YearTotals:
    """All grounds of one year; a case counts in the year of its approval."""

    year: int
    grounds: tuple[GroundTotals, ...]


@dataclass(slots=True, kw_only=True)
class TransparencyService:
    """Builds the report and caches it for a minute."""

    statistics: CaseStatistics
    _cached: tuple[datetime, tuple[YearTotals, ...]] | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get_report(self, *, at: datetime) -> tuple[YearTotals, ...]:
        """Return every year since the first approved case, newest first; the current year is always included."""
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
