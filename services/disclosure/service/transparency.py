"""The transparency report: how often data was disclosed, on what ground, and whether those concerned were told.

Every figure is a step of five, never a number: "fewer than 5", "5 to 9". So no cell is about a few people, no
subtraction of two cells and no look before and after a case gives one away.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from services.disclosure.domain import Ground, NoticeState
from services.disclosure.store import Total, Totals

STEP = 5
_FRESH = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as it is published: it lies within these bounds, both included."""

    at_least: int
    at_most: int

    @classmethod
    def of(cls, count: int) -> "Figure":
        """Return the step in which *count* lies."""
        floor = count // STEP * STEP
        return cls(floor, floor + STEP - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One ground in one year."""

    ground: Ground
    cases: Figure
    accounts: Figure
    delivered: Figure
    undeliverable: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """All grounds of one year, by the day on which a second person approved the case."""

    year: int
    lines: tuple[Line, ...]


@dataclass(slots=True, kw_only=True)
class Transparency:
    """Makes the report; one that was just made is given again, so that asking often costs nothing."""

    totals: Totals
    _made: tuple[datetime, tuple[Year, ...]] | None = None
    _making: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def report(self, *, at: datetime) -> tuple[Year, ...]:
        """Return every year since the first case, the newest first; the running year is always there."""
        async with self._making:
            if self._made is None or not timedelta(0) <= at - self._made[0] < _FRESH:
                self._made = at, await self._make(at)
            return self._made[1]

    async def _make(self, at: datetime) -> tuple[Year, ...]:
        first = await self.totals.first_approval() or at
        return tuple([await self._year(year) for year in range(at.year, min(first, at).year - 1, -1)])

    async def _year(self, year: int) -> Year:
        since, until = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
        totals = await self.totals.between(since, until)
        return Year(year=year, lines=tuple(_line(ground, total) for ground, total in totals.items()))


def _line(ground: Ground, total: Total) -> Line:
    return Line(
        ground=ground,
        cases=Figure.of(total.cases),
        accounts=Figure.of(total.accounts),
        delivered=Figure.of(total.notices[NoticeState.DELIVERED]),
        undeliverable=Figure.of(total.notices[NoticeState.UNDELIVERABLE]),
    )
