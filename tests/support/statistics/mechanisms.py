"""Releases of a week as an attacker sees them: the right one, and wrong ones that look right."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from services.telemetry.domain.noise import NoiseScale
from services.telemetry.domain.publication import build_publication
from services.telemetry.domain.releases import (
    CellTally,
    Release,
    assemble_tables,
    digest_lists,
    list_tables,
    list_true_counts,
)
from services.telemetry.domain.schema import SENSITIVITY, CellKey, cells_of
from services.telemetry.domain.streams import Stream
from services.telemetry.ports.noise import NoiseProcess
from shared.stack.install.environments import STATISTICS_VENV
from tests.support.statistics.worlds import MIN_COUNT, Week

PYTHON = STATISTICS_VENV / "bin" / "python"
SCALE = NoiseScale.from_epsilon(epsilon_micros=500_000, sensitivity=SENSITIVITY)
TABLES = list_tables(Stream.SOFTWARE)
CELLS = tuple(CellKey(table.program, table.name, cell) for table in TABLES for cell in table.cells)
CRASHES = 100
View = Mapping[str, float]
"""What is published, by name: a figure that is hidden has no entry."""


@dataclass
class NoisePool:
    """Noise that OpenDP drew once; each use takes a slice at a random place, so that it serves many worlds."""

    drawn: Sequence[int]
    places: Random = field(default_factory=lambda: Random(20261130))

    def take(self, size: int) -> Sequence[int]:
        """Return *size* draws."""
        at = self.places.randrange(len(self.drawn) - size)
        return self.drawn[at : at + size]


Mechanism = Callable[[Week, NoisePool], View]


def draw_pool(size: int, noise: NoiseScale = SCALE) -> NoisePool:
    """Return *size* draws of OpenDP, as the service draws them."""
    return NoisePool(asyncio.run(NoiseProcess(python=str(PYTHON)).draw_noise([0] * size, noise)))


def release_rightly(week: Week, pool: NoisePool) -> Release:
    """Return the release of *week* that the service would make."""
    counts = list_true_counts(TABLES, count(week))
    noised = [one + noise for one, noise in zip(counts, pool.take(len(counts)), strict=True)]
    at = datetime(2026, 12, 1, tzinfo=UTC)
    return Release(
        release_id="rel_1",
        stream=Stream.SOFTWARE,
        week="2026-W47",
        year=2026,
        week_closed_at=at,
        noise=SCALE,
        min_count=MIN_COUNT,
        closed_lists=digest_lists(TABLES),
        tables=assemble_tables(TABLES, noised),
        published_at=at,
    )


def count(week: Week) -> Mapping[CellKey, int]:
    """Return the true counts of *week*."""
    tally = CellTally()
    for one in week:
        tally.add(one)
    return tally.count_cells()


def drawn_figures(week: Week, pool: NoisePool) -> View:
    """Show all that was drawn, which is more than is published: the strongest attacker."""
    tables = release_rightly(week, pool).tables
    return {f"{each.program} {each.name} {cell}": value for each in tables for cell, value in each.counts.items()}


def published_figures(week: Week, pool: NoisePool) -> View:
    """Show what is published."""
    publication = build_publication(release_rightly(week, pool))
    view: dict[str, float] = {} if publication.total is None else {"total": publication.total}
    for table in publication.tables:
        for figure in (*table.figures, table.not_shown):
            if figure.count is not None:
                view[f"{table.program} {table.name} {figure.value}"] = figure.count
    return view


def suppressed_on_true_counts(week: Week, pool: NoisePool) -> View:
    """Hide what is small in truth, then add noise to the rest."""
    true = count(week)
    return {_name(cell): true[cell] + pool.take(1)[0] for cell in CELLS if true[cell] >= MIN_COUNT}


def exact_total(week: Week, pool: NoisePool) -> View:
    """Publish the number of reports as it is, beside cells with noise."""
    return {**drawn_figures(week, pool), "total": len(week)}


def scale_of_one_cell(week: Week, pool: NoisePool) -> View:
    """Divide by epsilon only, as if a report were in one cell."""
    true = count(week)
    noises = pool.take(len(CELLS))
    return {_name(cell): true[cell] + round(noise / SENSITIVITY) for cell, noise in zip(CELLS, noises, strict=True)}


def noise_where_something_occurred(week: Week, pool: NoisePool) -> View:
    """Count what occurs, and add noise to that: the other cells of the closed lists are missing."""
    true = count(week)
    return {_name(cell): true[cell] + pool.take(1)[0] for cell in CELLS if true[cell]}


def withheld_by_true_size(week: Week, pool: NoisePool) -> View:
    """Publish nothing about a week that is small in truth."""
    return drawn_figures(week, pool) if len(week) >= MIN_COUNT else {}


def redrawn_after_each_crash(week: Week, pool: NoisePool) -> View:
    """Draw again after each of a hundred crashes; the attacker has seen every draw, and takes the mean."""
    true = count(week)
    noises = zip(*(pool.take(len(CELLS)) for _ in range(CRASHES)), strict=True)
    return {_name(cell): true[cell] + sum(each) / CRASHES for cell, each in zip(CELLS, noises, strict=True)}


WRONG: Mapping[str, Mechanism] = {
    "suppressed on true counts": suppressed_on_true_counts,
    "exact total": exact_total,
    "scale of one cell": scale_of_one_cell,
    "noise where something occurred": noise_where_something_occurred,
    "withheld by true size": withheld_by_true_size,
    "redrawn after each crash": redrawn_after_each_crash,
}


def _name(cell: CellKey) -> str:
    return f"{cell.program} {cell.table} {cell.cell}"


def true_figures(week: Week) -> Mapping[str, int]:
    """Return the true figures of *week* by name."""
    true = count(week)
    return {_name(cell): true[cell] for cell in CELLS}


def touched_names(week: Week) -> list[str]:
    """Return the names of the figures that the last report of *week* adds to."""
    return [_name(cell) for cell in cells_of(week[-1])]
