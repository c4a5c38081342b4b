"""ISO weeks in UTC, and the short weeks of the demonstration: which ones take reports, and until when.

A report names its week. The server accepts the week that closed last and the one before it, unless its release has
begun.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from services.telemetry.domain.streams import Stream

ISO_LENGTH = timedelta(days=7)
TOKEN_WEEKS = 13
"""An installation draws tokens for so many weeks, a quarter of a year."""
ACCEPTED_WEEKS = 2
_CACHED_WEEKS = 256
_ANCHOR = datetime(1970, 1, 5, tzinfo=UTC)
"""A Monday: ISO weeks are slots of seven days from here."""
_ISO_NAME = re.compile(r"([0-9]{4})-W([0-9]{2})")
_DEMO_NAME = re.compile(r"demo-([1-9][0-9]{0,4})s-([1-9][0-9]{0,11})")
WEEK_PATTERN = rf"^({_ISO_NAME.pattern}|{_DEMO_NAME.pattern})$"


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """A week that a report can name; its name is unique over all streams."""

    starts_at: datetime
    length: timedelta
    name: str
    stream: Stream

    @property
    def closed_at(self) -> datetime:
        """The time of its end; reports of it are accepted from then on."""
        return self.starts_at + self.length

    @property
    def year(self) -> int:
        """The year whose budget its release is charged to: that of the ISO week."""
        return self.starts_at.isocalendar().year

    @property
    def retention_ends_at(self) -> datetime:
        """The time at which its raw reports are deleted at the latest: 14 days after its end for an ISO week."""
        return self.closed_at + ACCEPTED_WEEKS * self.length


@dataclass(frozen=True, slots=True)
class Calendar:
    """The weeks of one stream; those of seven days are ISO weeks."""

    stream: Stream = Stream.SOFTWARE
    length: timedelta = ISO_LENGTH

    def week_at(self, at: datetime) -> Week:
        """Return the week that runs at the time *at*."""
        return self._week((at - _ANCHOR) // self.length)

    def parse(self, name: str) -> Week:
        """Return the week with this name; ValueError for one that does not exist."""
        week = self._parse_iso(name) if self.length == ISO_LENGTH else self._parse_demo(name)
        if week.name != name:
            raise ValueError("the week does not exist")
        return week

    def accepted_weeks(self, now: datetime) -> tuple[Week, ...]:
        """Return the closed weeks whose reports are accepted, the newest first."""
        running = (now - _ANCHOR) // self.length
        return tuple(self._week(running - place) for place in range(1, ACCEPTED_WEEKS + 1))

    def token_weeks(self, now: datetime) -> tuple[Week, ...]:
        """Return the weeks for which tokens are issued: the first whole week after *now* and those after it."""
        running = (now - _ANCHOR) // self.length
        return tuple(self._week(running + place) for place in range(1, TOKEN_WEEKS + 1))

    def published_weeks(self, now: datetime) -> tuple[Week, ...]:
        """Return the weeks whose public keys are published: accepted, running and to come, the oldest first."""
        return (*reversed(self.accepted_weeks(now)), self.week_at(now), *self.token_weeks(now))

    def _week(self, number: int) -> Week:
        return _build_week(self.stream, self.length, number)

    def _parse_iso(self, name: str) -> Week:
        found = _ISO_NAME.fullmatch(name)
        if found is None:
            raise ValueError("the name of a week is like 2026-W49")
        monday = datetime.fromisocalendar(int(found[1]), int(found[2]), 1).replace(tzinfo=UTC)
        return self.week_at(monday)

    def _parse_demo(self, name: str) -> Week:
        found = _DEMO_NAME.fullmatch(name)
        if found is None:
            raise ValueError("the name of a demonstration week is like demo-10s-179625600")
        try:
            return self._week(int(found[2]))
        except OverflowError:
            raise ValueError("the week does not exist") from None


@lru_cache(_CACHED_WEEKS)
def _build_week(stream: Stream, length: timedelta, number: int) -> Week:
    starts_at = _ANCHOR + number * length
    if length == ISO_LENGTH:
        year, week, _ = starts_at.isocalendar()
        return Week(starts_at, length, f"{year:04}-W{week:02}", stream)
    return Week(starts_at, length, f"demo-{int(length.total_seconds())}s-{number}", stream)


@dataclass(frozen=True, slots=True)
class Calendars:
    """The calendar of each stream; the demonstration has none outside local mode."""

    by_stream: Mapping[Stream, Calendar]

    @classmethod
    def from_demo_week(cls, demo_week: timedelta | None) -> "Calendars":
        """Return ISO weeks for the programs of the company, and weeks of that length for the demonstration."""
        found = {Stream.SOFTWARE: Calendar()}
        if demo_week is not None:
            found[Stream.DEMO] = Calendar(Stream.DEMO, demo_week)
        return cls(found)

    def get(self, stream: Stream) -> Calendar | None:
        """Return the calendar of *stream*; None when it does not exist here."""
        return self.by_stream.get(stream)
