"""What a report can contain: closed lists only, so that no free text, name or exact number can be sent."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from services.telemetry.domain.reports import UsageReport
from services.telemetry.domain.streams import Stream


class Program(StrEnum):
    """The programs that may report."""

    OMNIFOCUS = "omnifocus"
    OMNIGRAFFLE = "omnigraffle"
    OMNIOUTLINER = "omnioutliner"
    OMNIPLAN = "omniplan"
    CANDOR_DEMO = "candor-demo"


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


class Bucket(StrEnum):
    """A counter is sent as the range that contains it; the exact number never leaves the device."""

    ZERO = "0"
    UP_TO_2 = "1 to 2"
    UP_TO_9 = "3 to 9"
    UP_TO_29 = "10 to 29"
    UP_TO_99 = "30 to 99"
    UP_TO_299 = "100 to 299"
    OVER_299 = "300 or more"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramSchema:
    """The closed lists of one program. A version that is not on the list yet is reported as ``other``."""

    program: Program
    versions: tuple[str, ...]
    features: tuple[Feature, ...] = tuple(Feature)
    stream: Stream = Stream.SOFTWARE


SCHEMAS: Mapping[Program, ProgramSchema] = {
    schema.program: schema
    for schema in (
        ProgramSchema(program=Program.OMNIFOCUS, versions=("4.6", "4.7", "4.8", "other")),
        ProgramSchema(program=Program.OMNIGRAFFLE, versions=("7.24", "7.25", "8.0", "other")),
        ProgramSchema(program=Program.OMNIOUTLINER, versions=("5.14", "6.0", "6.1", "other")),
        ProgramSchema(program=Program.OMNIPLAN, versions=("4.9", "4.10", "other")),
        ProgramSchema(program=Program.CANDOR_DEMO, versions=("1.0", "1.1", "other"), stream=Stream.DEMO),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A version of the question, the fields that a yes to it covers, and what the receiver adds to them."""

    version: int
    text: str
    collected: tuple[str, ...]
    receiver_adds: tuple[str, ...]


QUESTION = Question(
    version=2,
    text=(
        "May this program send a report about its use once a week? It contains nothing that identifies you or this "
        "device, and no two of its reports can be linked."
    ),
    collected=("week", "program", "version", "os", "locale", *(f"counters.{feature}" for feature in Feature)),
    receiver_adds=("Nothing. The report names its ISO week; no finer time and no address is stored.",),
)


class CellKey(NamedTuple):
    """A cell of a table of a program: the figure that one value of a report adds to."""

    program: str
    table: str
    cell: str


class Table(NamedTuple):
    """A table of a program: its cells in the order of their values, and the group that a share is of."""

    program: Program
    name: str
    base: str
    cells: tuple[str, ...]


def iter_tables(program: Program) -> Iterator[Table]:
    """Yield every table of *program*: all cells of the closed lists, whether they occur or not."""
    schema, base = SCHEMAS[program], f"reports of {program}"
    yield Table(program, "program", "all reports", (program.value,))
    yield Table(program, "version", base, schema.versions)
    yield Table(program, "system", base, tuple(OperatingSystem))
    yield Table(program, "language", base, tuple(Locale))
    for feature in schema.features:
        yield Table(program, feature.value, base, tuple(Bucket))


def cells_of(report: UsageReport) -> tuple[CellKey, ...]:
    """Return the cells that *report* adds one to: one in each table of its program."""
    program = report.program
    return (
        CellKey(program, "program", program),
        CellKey(program, "version", report.version),
        CellKey(program, "system", report.os),
        CellKey(program, "language", report.locale),
        *(CellKey(program, feature, bucket) for feature, bucket in report.counters.items()),
    )


SENSITIVITY = max(sum(1 for _ in iter_tables(program)) for program in SCHEMAS)
"""The cells that one installation touches in a week, at most: the noise of a release follows from it."""


def programs_of(stream: Stream) -> tuple[Program, ...]:
    """Return the programs of *stream* in their order."""
    return tuple(schema.program for schema in SCHEMAS.values() if schema.stream is stream)


def invalid_fields(report: UsageReport) -> list[tuple[str, str]]:
    """Return the fields of *report* that are not on the lists of its program, each with what is wrong."""
    schema = SCHEMAS[Program(report.program)]
    found = []
    if report.version not in schema.versions:
        found.append(("version", f"is not one of: {', '.join(schema.versions)}"))
    if set(report.counters) != set(schema.features):
        found.append(("counters", f"must have exactly these counters: {', '.join(schema.features)}"))
    return found
