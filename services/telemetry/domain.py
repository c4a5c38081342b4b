"""What opt-ins, reports and releases are."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum


class Program(StrEnum):
    """The programs that may report."""

    OMNIFOCUS = "omnifocus"
    OMNIGRAFFLE = "omnigraffle"
    OMNIOUTLINER = "omnioutliner"
    OMNIPLAN = "omniplan"


class System(StrEnum):
    """Operating systems, no finer than this."""

    MACOS_14 = "macos-14"
    MACOS_15 = "macos-15"
    MACOS_26 = "macos-26"
    IOS_18 = "ios-18"
    IOS_26 = "ios-26"
    WINDOWS_11 = "windows-11"
    WEB = "web"
    OTHER = "other"


class Locale(StrEnum):
    """Languages, without their countries."""

    DE = "de"
    EN = "en"
    ES = "es"
    FR = "fr"
    IT = "it"
    JA = "ja"
    KO = "ko"
    NL = "nl"
    PT = "pt"
    RU = "ru"
    ZH = "zh"
    OTHER = "other"


class Feature(StrEnum):
    """What is counted."""

    LAUNCHES = "launches"
    CRASHES = "crashes"
    SYNCS = "syncs"


PROGRAM = "program"
_VERSIONS = "version of "


def versions_of(program: str) -> str:
    """Return the dimension of the versions of *program*."""
    return f"{_VERSIONS}{program}"


RAW_REPORTS_KEPT = timedelta(days=21)
"""A report is kept for the rest of its week (up to 7 days) and 14 days after it closed; then only figures remain."""

BUCKETS = (0, 1, 3, 10, 30, 100, 300)
"""A counter is kept as the largest of these that it reaches: coarse by construction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a person is asked, and all that a yes allows to be collected."""

    version: int
    text: str
    collected: tuple[str, ...]


QUESTION = Question(
    version=1,
    text="May this app send a report about how it is used, once a week? It says nothing that leads to you.",
    collected=("program", "version", "os", "locale", *(f"counters.{feature}" for feature in Feature)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptIn:
    """A yes of one installation to one version of the question; nothing leads from it to a person."""

    installation: str
    question_version: int
    granted_at: datetime

    def covers(self, at: datetime) -> bool:
        """Tell whether something collected *at* that time is allowed (C03)."""
        return at >= self.granted_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One week of one installation."""

    installation: str
    week: str
    program: str
    version: str
    os: str
    locale: str
    counters: Mapping[str, int]
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One public figure: how many installations have this value."""

    dimension: str
    value: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The public statistics of one week."""

    release_id: str
    week: str
    n: int
    minimum_group: int
    cells: tuple[Cell, ...]
    published_at: datetime


def week_of(at: datetime) -> str:
    """Return the ISO 8601 week, for example 2026-W47."""
    year, week, _ = at.isocalendar()
    return f"{year}-W{week:02}"


def week_ends(week: str) -> date:
    """Return the first day after *week*; ValueError when there is no such week."""
    year, number = week.split("-W")
    return date.fromisocalendar(int(year), int(number), 1) + timedelta(days=7)


def is_over(week: str, at: datetime) -> bool:
    """Tell whether *week* is a week, and over."""
    try:
        return at.date() >= week_ends(week)
    except (ValueError, OverflowError):
        return False


def bucket(count: int) -> int:
    """Return the largest bucket that *count* reaches."""
    return max(edge for edge in BUCKETS if edge <= count)


@dataclass(slots=True)
class Tally:
    """Counts reports by dimension and value; memory grows with the number of values, not of reports."""

    n: int = 0
    dimensions: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, report: Report) -> None:
        """Count *report*."""
        self.n += 1
        for dimension, value in _values(report):
            self.dimensions.setdefault(dimension, Counter())[value] += 1


def publishable(dimensions: Mapping[str, Mapping[str, int]], *, minimum_group: int) -> tuple[Cell, ...]:
    """Return the cells that hide everybody: none below *minimum_group*, and none that a subtraction reveals (C15)."""
    programs = _unhidden(dimensions.get(PROGRAM, {}), minimum_group)
    # The versions of a program add up to it: they would tell how often a program that is left out was used.
    left_out = {versions_of(program) for program in dimensions.get(PROGRAM, {}) if program not in programs}
    return tuple(
        Cell(dimension=dimension, value=value, count=count)
        for dimension, counts in sorted(dimensions.items())
        if dimension not in left_out
        for value, count in sorted(_unhidden(counts, minimum_group).items())
    )


def revealed(cells: Iterable[Cell], *, n: int, minimum_group: int) -> list[str]:
    """Return the dimensions in which the figures, or what is missing from their total, are about too few."""
    shown: dict[str, dict[str, int]] = {}
    for cell in cells:
        shown.setdefault(cell.dimension, {})[cell.value] = cell.count
    programs = shown.get(PROGRAM, {})
    totals = {versions_of(program): count for program, count in programs.items()}
    found = []
    for dimension, counts in shown.items():
        missing = totals.get(dimension, 0 if dimension.startswith(_VERSIONS) else n) - sum(counts.values())
        if min(counts.values()) < minimum_group or missing < 0 or 0 < missing < minimum_group:
            found.append(dimension)
    return sorted(found)


def _unhidden(counts: Mapping[str, int], minimum_group: int) -> dict[str, int]:
    shown = {value: count for value, count in counts.items() if count >= minimum_group}
    hidden = sum(counts.values()) - sum(shown.values())
    # The total is public: what is missing from it must itself be a group, or it is the hidden figure.
    while shown and 0 < hidden < minimum_group:
        smallest = min(shown, key=lambda value: (shown[value], value))
        hidden += shown.pop(smallest)
    return shown


def _values(report: Report) -> Iterator[tuple[str, str]]:
    yield PROGRAM, report.program
    yield versions_of(report.program), report.version
    yield "os", report.os
    yield "locale", report.locale
    for feature in Feature:
        # Who did not count it is a group like any other: left out, a subtraction from the total would show it.
        yield f"{feature} a week, at least", str(report.counters.get(feature, "not counted"))
