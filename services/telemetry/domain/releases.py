"""Releases of public statistics: what was drawn for a week. Hiding comes afterwards (``publication``)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

from services.telemetry.domain.noise import NoiseScale
from services.telemetry.domain.reports import UsageReport
from services.telemetry.domain.schema import CellKey, Table, cells_of, iter_tables, programs_of
from services.telemetry.domain.streams import Stream
from services.telemetry.domain.weeks import Week


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnTable:
    """The figures of one table with their noise: signed, for every cell of its closed list, zeros too."""

    program: str
    name: str
    base: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The statistics of one week of a stream, as drawn."""

    release_id: str
    stream: Stream
    week: str
    year: int
    week_closed_at: datetime
    noise: NoiseScale
    min_count: int
    closed_lists: str
    """The digest of the closed lists that were drawn: after a change of the lists, older releases have fewer cells."""
    tables: tuple[DrawnTable, ...]
    published_at: datetime

    @property
    def is_demonstration(self) -> bool:
        """Whether the figures are a demonstration."""
        return self.stream is Stream.DEMO


ReportKind = tuple[str, str, str, str, tuple[tuple[str, str], ...]]
"""Program, version, system, locale and counters: equal reports are counted together."""


MAX_KINDS: Final = 10_000
"""Kinds of reports that are held before they are counted into their cells."""


@dataclass(slots=True)
class CellTally:
    """Counts reports by kind, then by cell. Memory grows with the closed lists, not with the reports."""

    _kinds: Counter[ReportKind] = field(default_factory=Counter)
    _cells: Counter[CellKey] = field(default_factory=Counter)

    def add(self, report: UsageReport) -> None:
        """Count one report."""
        self._kinds[report.program, report.version, report.os, report.locale, tuple(report.counters.items())] += 1
        if len(self._kinds) >= MAX_KINDS:
            self._count_kinds()

    def count_cells(self) -> Mapping[CellKey, int]:
        """Return the number of reports in each cell that occurs."""
        self._count_kinds()
        return self._cells

    def _count_kinds(self) -> None:
        for (program, version, os, locale, counters), reports in self._kinds.items():
            kind = UsageReport(program=program, version=version, os=os, locale=locale, counters=dict(counters))
            for cell in cells_of(kind):
                self._cells[cell] += reports
        self._kinds.clear()


def release_due_at(week: Week) -> datetime:
    """Return when *week* is released: one and a half weeks after its end.

    Late enough for devices that were switched off, early enough to repair a failed release before the raw reports
    expire.
    """
    return week.closed_at + 1.5 * week.length


def list_tables(stream: Stream) -> tuple[Table, ...]:
    """Return the tables of a release of *stream*: every cell of the closed lists, whether it occurs or not."""
    return tuple(table for program in programs_of(stream) for table in iter_tables(program))


def digest_lists(tables: Iterable[Table]) -> str:
    """Return a digest of the cells of *tables*."""
    lines = "\n".join("\t".join((str(table.program), table.name, *table.cells)) for table in tables)
    return sha256(lines.encode()).hexdigest()[:16]


def list_true_counts(tables: Sequence[Table], counts: Mapping[CellKey, int]) -> list[int]:
    """Return the count of every cell of *tables*, zeros too, in order: the input of the draw."""
    return [counts.get(key, 0) for key in _iter_cells(tables)]


def assemble_tables(tables: Sequence[Table], noised: Sequence[int]) -> tuple[DrawnTable, ...]:
    """Return the tables with the drawn figures, which are in the order of ``list_true_counts``."""
    drawn = dict(zip(_iter_cells(tables), noised, strict=True))
    return tuple(
        DrawnTable(
            program=str(table.program),
            name=table.name,
            base=table.base,
            counts={cell: drawn[CellKey(table.program, table.name, cell)] for cell in table.cells},
        )
        for table in tables
    )


def _iter_cells(tables: Iterable[Table]) -> Iterator[CellKey]:
    for table in tables:
        for cell in table.cells:
            yield CellKey(table.program, table.name, cell)
