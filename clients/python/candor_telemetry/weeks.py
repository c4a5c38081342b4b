"""Weeks by name: ISO 8601 weeks in UTC, or the short slots of the demonstration."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

ANCHOR = datetime(1970, 1, 5, tzinfo=UTC)
"""A Monday."""
ACCEPTED_CLOSED_WEEKS = 2
"""The receiver takes the week that has just closed and the one before."""


class IsoWeeks:
    """ISO weeks, for example ``2026-W49``. Their names sort by time."""

    def week_at(self, now: datetime) -> str:
        """Return the week that contains *now*."""
        year, week, _ = now.astimezone(UTC).isocalendar()
        return f"{year}-W{week:02}"

    def shift(self, week: str, by: int) -> str:
        """Return the week *by* weeks after *week*."""
        year, number = week.split("-W")
        monday = date.fromisocalendar(int(year), int(number), 1) + timedelta(weeks=by)
        found = monday.isocalendar()
        return f"{found.year}-W{found.week:02}"


class SlotWeeks:
    """The weeks of the demonstration, some seconds long, for example ``demo-10s-179625600``."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds

    def week_at(self, now: datetime) -> str:
        """Return the week that contains *now*."""
        return self._name(int((now - ANCHOR).total_seconds() // self._seconds))

    def shift(self, week: str, by: int) -> str:
        """Return the week *by* weeks after *week*."""
        return self._name(int(week.rsplit("-", 1)[1]) + by)

    def _name(self, number: int) -> str:
        return f"demo-{self._seconds}s-{number}"


class Weeks(Protocol):
    """A calendar of weeks whose names sort by time."""

    def week_at(self, now: datetime) -> str:
        """Return the week that contains *now*."""
        ...

    def shift(self, week: str, by: int) -> str:
        """Return the week *by* weeks after *week*. Raises ValueError for the name of no week."""
        ...


def accepted_weeks(weeks: Weeks, now: datetime) -> tuple[str, ...]:
    """Return the closed weeks that the receiver still takes, the older one first."""
    running = weeks.week_at(now)
    return tuple(weeks.shift(running, -back) for back in range(ACCEPTED_CLOSED_WEEKS, 0, -1))


def iter_weeks(weeks: Weeks, start: str, count: int) -> Iterator[str]:
    """Yield *count* weeks from *start*."""
    for by in range(count):
        yield weeks.shift(start, by)
