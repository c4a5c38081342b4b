"""What the public sees of a release: figures below the minimum are hidden, and each share names its base.

It reads drawn figures only. Whether a figure is hidden is therefore as noisy as the figure, and tells nothing more.
"""

from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from services.telemetry.domain.noise import error_margin
from services.telemetry.domain.releases import DrawnTable, Release
from services.telemetry.domain.suppression import TOTAL, Position, hide_secondary, hide_secondary_in_line

PROGRAM_TABLE: Final = "program"
TWO_WAY_TABLES: Final = ("system", "language")
"""The tables that are also added up over all programs, so that each is a two-way table with margins."""
ALL_REPORTS: Final = "all reports"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A published figure; *count* is None when it is hidden. The margin covers the truth in 95 of 100 cases."""

    value: str
    count: int | None
    margin: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTable:
    """A table for readers: its rows in the order of their values, and what they are shares of."""

    name: str
    program: str | None
    """None for a table of all programs."""
    base: str
    base_count: int
    base_margin: int
    figures: tuple[Figure, ...]
    not_shown: Figure
    """The base without the shown figures, so that the rows add up; negative where the noise makes it so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """All tables of a release; *total* is None when it is too small for a release."""

    total: int | None
    total_margin: int
    tables: tuple[PublishedTable, ...]


@dataclass(frozen=True, slots=True)
class _Base:
    """What the figures of a table are shares of, and the number of drawn figures in it."""

    name: str
    count: int
    terms: int


@dataclass(frozen=True, slots=True)
class _Publisher:
    """Builds the publication of one release; *programs* are its figures by program."""

    release: Release
    programs: Mapping[str, int]

    def build_publication(self) -> Publication:
        total, terms = sum(self.programs.values()), len(self.programs)
        if total < self.release.min_count:
            return Publication(total=None, total_margin=self._margin(terms), tables=())
        everything = _Base(ALL_REPORTS, total, terms)
        hidden_programs = hide_secondary_in_line(self.programs, self._find_small(self.programs))
        two_way = {name: self._hide_two_way(name, hidden_programs) for name in TWO_WAY_TABLES}
        tables = [self._build(PROGRAM_TABLE, None, self.programs, hidden_programs, base=everything)]
        for name in TWO_WAY_TABLES if terms > 1 else ():
            hidden = frozenset(value for row, value in two_way[name] if row == TOTAL)
            tables.append(self._build(name, None, self._add_up(name), hidden, base=everything, terms=terms))
        for table in self.release.tables:
            if table.name != PROGRAM_TABLE and table.program not in hidden_programs:
                base = _Base(table.base, self.programs[table.program], 1)
                hidden = self._hide(table, two_way)
                tables.append(self._build(table.name, table.program, table.counts, hidden, base=base))
        return Publication(total=total, total_margin=self._margin(terms), tables=tuple(tables))

    def _hide(self, table: DrawnTable, two_way: Mapping[str, AbstractSet[Position]]) -> frozenset[str]:
        if table.name in two_way:
            return frozenset(value for row, value in two_way[table.name] if row == table.program)
        return hide_secondary_in_line(table.counts, self._find_small(table.counts))

    def _hide_two_way(self, name: str, hidden_programs: AbstractSet[str]) -> frozenset[Position]:
        """Return the hidden positions of program × *name*, whose margins are published too."""
        cells = {
            (table.program, value): count
            for table in self.release.tables
            if table.name == name
            for value, count in table.counts.items()
        }
        if len(self.programs) == 1:
            [only] = self.programs
            row = {value: count for (_, value), count in cells.items()}
            return frozenset((only, value) for value in hide_secondary_in_line(row, self._find_small(row)))
        margins = {(TOTAL, value): count for value, count in self._add_up(name).items()}
        margins |= {(program, TOTAL): count for program, count in self.programs.items()}
        hidden = {
            (row, column)
            for (row, column), count in (cells | margins).items()
            if row in hidden_programs or (count < self.release.min_count and column != TOTAL)
        }
        return hide_secondary(cells | margins, hidden)

    def _add_up(self, name: str) -> Counter[str]:
        totals: Counter[str] = Counter()
        for table in self.release.tables:
            if table.name == name:
                totals.update(table.counts)  # keeps signs
        return totals

    def _find_small(self, counts: Mapping[str, int]) -> frozenset[str]:
        return frozenset(value for value, count in counts.items() if count < self.release.min_count)

    def _margin(self, terms: int) -> int:
        return error_margin(self.release.noise.scale, terms)

    def _build(
        self,
        name: str,
        program: str | None,
        counts: Mapping[str, int],
        hidden: AbstractSet[str],
        *,
        base: _Base,
        terms: int = 1,
    ) -> PublishedTable:
        """Return a table; each of its figures has *terms* drawn ones in it."""
        figures = tuple(
            Figure(value=value, count=None if value in hidden else count, margin=self._margin(terms))
            for value, count in counts.items()
        )
        shown = [figure.count for figure in figures if figure.count is not None]
        # The total of the programs is made of their own figures, so what is not shown is made of the hidden ones.
        own = len(counts) - len(shown) if name == PROGRAM_TABLE else base.terms + terms * len(shown)
        return PublishedTable(
            name=name,
            program=program,
            base=base.name,
            base_count=base.count,
            base_margin=self._margin(base.terms),
            figures=figures,
            not_shown=Figure(value="not shown", count=base.count - sum(shown), margin=self._margin(own)),
        )


def build_publication(release: Release) -> Publication:
    """Return what the public sees of *release*; the same for the same release."""
    programs = {table.program: table.counts[table.program] for table in release.tables if table.name == PROGRAM_TABLE}
    return _Publisher(release, programs).build_publication()
