"""Opt-ins, usage reports, and the releases of public statistics."""

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


class OperatingSystem(StrEnum):
    """Operating systems by major version, to keep groups large."""

    MACOS_14 = "macos-14"
    MACOS_15 = "macos-15"
    MACOS_26 = "macos-26"
    IOS_18 = "ios-18"
    IOS_26 = "ios-26"
    WINDOWS_11 = "windows-11"
    WEB = "web"
    OTHER = "other"


class Locale(StrEnum):
    """Languages without countries, to keep groups large."""

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
    """The features whose use is counted."""

    LAUNCHES = "launches"
    CRASHES = "crashes"
    SYNCS = "syncs"


PROGRAM_DIMENSION = "program"
_VERSION_PREFIX = "version of "


def version_dimension(program: str) -> str:
    """Return the name of the dimension with the versions of *program*."""
    return f"{_VERSION_PREFIX}{program}"


RAW_REPORT_RETENTION = timedelta(days=21)
"""The rest of the week of a report (up to 7 days) and 14 days for its release."""

COUNTER_BUCKETS = (0, 1, 3, 10, 30, 100, 300)
"""A counter is stored as the largest bucket that it reaches, so the exact number is never stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptInQuestion:
    """A version of the question, and the data that an opt-in to it covers."""

    version: int
    text: str
    collected: tuple[str, ...]


CURRENT_QUESTION = OptInQuestion(
    version=1,
    text="May this app send a weekly report about how it is used? The report contains nothing that identifies you.",
    collected=("program", "version", "os", "locale", *(f"counters.{feature}" for feature in Feature)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptIn:
    """The consent of an installation to one version of the question; it identifies no person."""

    installation: str
    question_version: int
    granted_at: datetime

    def allows(self, at: datetime) -> bool:
        """Return whether this opt-in covers data collected *at* that time (C03)."""
        return at >= self.granted_at


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyReport:
    """The report of an installation for a week."""

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
    """A published count: the number of installations with this value."""

    dimension: str
    value: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The public statistics of one week."""

    release_id: str
    week: str
    n: int
    min_group_size: int
    cells: tuple[Cell, ...]
    published_at: datetime


def iso_week(at: datetime) -> str:
    """Return the ISO 8601 week, for example 2026-W47."""
    year, week, _ = at.isocalendar()
    return f"{year}-W{week:02}"


def next_week_start(week: str) -> date:
    """Return the first day after *week*; raises ValueError when the week does not exist."""
    year, number = week.split("-W")
    return date.fromisocalendar(int(year), int(number), 1) + timedelta(days=7)


def is_week_over(week: str, at: datetime) -> bool:
    """Return whether *week* exists and has ended."""
    try:
        return at.date() >= next_week_start(week)
    except (ValueError, OverflowError):
        return False


def to_bucket(count: int) -> int:
    """Return the largest bucket that *count* reaches."""
    return max(edge for edge in COUNTER_BUCKETS if edge <= count)


@dataclass(slots=True)
class CellCounter:
    """Counts reports by dimension and value. Memory grows with the number of values, not of reports."""

    n: int = 0
    dimensions: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, report: WeeklyReport) -> None:
        """Count one report."""
        self.n += 1
        for dimension, value in _report_cells(report):
            self.dimensions.setdefault(dimension, Counter())[value] += 1


def suppress_small_cells(dimensions: Mapping[str, Mapping[str, int]], *, min_group_size: int) -> tuple[Cell, ...]:
    """Return the cells to publish: none below *min_group_size*, none that reveals one by subtraction (C15)."""
    programs = _suppress_counts(dimensions.get(PROGRAM_DIMENSION, {}), min_group_size)
    # The versions of a program add up to its count: they would reveal the count of a suppressed program.
    suppressed = {
        version_dimension(program) for program in dimensions.get(PROGRAM_DIMENSION, {}) if program not in programs
    }
    return tuple(
        Cell(dimension=dimension, value=value, count=count)
        for dimension, counts in sorted(dimensions.items())
        if dimension not in suppressed
        for value, count in sorted(_suppress_counts(counts, min_group_size).items())
    )


def disclosure_risks(cells: Iterable[Cell], *, n: int, min_group_size: int) -> list[str]:
    """Return the dimensions in which a count, or the rest of a total, is below *min_group_size*."""
    published: dict[str, dict[str, int]] = {}
    for cell in cells:
        published.setdefault(cell.dimension, {})[cell.value] = cell.count
    programs = published.get(PROGRAM_DIMENSION, {})
    totals = {version_dimension(program): count for program, count in programs.items()}
    found = []
    for dimension, counts in published.items():
        missing = totals.get(dimension, 0 if dimension.startswith(_VERSION_PREFIX) else n) - sum(counts.values())
        if min(counts.values()) < min_group_size or missing < 0 or 0 < missing < min_group_size:
            found.append(dimension)
    return sorted(found)


def _suppress_counts(counts: Mapping[str, int], min_group_size: int) -> dict[str, int]:
    published = {value: count for value, count in counts.items() if count >= min_group_size}
    hidden = sum(counts.values()) - sum(published.values())
    # The total is public, so the rest of it must be a group of its own: otherwise it is the suppressed count.
    while published and 0 < hidden < min_group_size:
        smallest = min(published, key=lambda value: (published[value], value))
        hidden += published.pop(smallest)
    return published


def _report_cells(report: WeeklyReport) -> Iterator[tuple[str, str]]:
    yield PROGRAM_DIMENSION, report.program
    yield version_dimension(report.program), report.version
    yield "os", report.os
    yield "locale", report.locale
    for feature in Feature:
        # Installations without this counter are a group too: a subtraction from the total would reveal them.
        yield f"{feature} a week, at least", str(report.counters.get(feature, "not counted"))
