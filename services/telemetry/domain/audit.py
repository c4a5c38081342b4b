"""What a check finds in stored releases and their budget ledger. It trusts no code that made them."""

from collections import Counter
from collections.abc import Iterator, Sequence

from services.telemetry.domain.budget import MICROS, BudgetEntry
from services.telemetry.domain.releases import Release, digest_lists, list_tables
from services.telemetry.domain.schema import SCHEMAS, Bucket, Feature, Locale, OperatingSystem, Program

_TABLES = {"program", "version", "system", "language", *Feature}


def find_open_values(release: Release) -> Iterator[str]:
    """Yield the places of *release* that hold anything but closed values; a value itself is never quoted."""
    versions = {version for schema in SCHEMAS.values() for version in schema.versions}
    closed = {*versions, *Program, *OperatingSystem, *Locale, *Bucket}
    if release.closed_lists != digest_lists(list_tables(release.stream)):
        return  # of lists that have changed since
    for index, table in enumerate(release.tables):
        if table.program not in set(Program) or table.name not in _TABLES:
            yield f"table {index}"
        yield from (f"table {index} cell {place}" for place, cell in enumerate(table.counts) if cell not in closed)


def find_draw_faults(release: Release) -> Iterator[str]:
    """Yield why *release* was not drawn as it says: a missing cell, or a scale below what its epsilon needs."""
    noise = release.noise
    if noise.scale * noise.epsilon_micros < noise.sensitivity * MICROS:
        yield "has a scale below sensitivity by epsilon"
    touched = max(Counter(table.program for table in release.tables).values(), default=0)
    if touched > noise.sensitivity:
        yield f"has reports in {touched} tables and a sensitivity of {noise.sensitivity}"
    tables = list_tables(release.stream)
    if release.closed_lists == digest_lists(tables):
        wanted = {(str(table.program), table.name, cell) for table in tables for cell in table.cells}
        drawn = {(table.program, table.name, cell) for table in release.tables for cell in table.counts}
        if wanted - drawn:
            yield f"has {len(wanted - drawn)} cells that were not drawn"


def find_ledger_faults(releases: Sequence[Release], entries: Sequence[BudgetEntry]) -> Iterator[str]:
    """Yield the releases whose entry in the ledger is missing or differs."""
    by_week = {entry.week: entry for entry in entries}
    for release in releases:
        entry = by_week.get(release.week)
        if entry is None or entry.release_id != release.release_id:
            yield f"{release.week} has no entry in the ledger"
        elif entry.epsilon_micros != release.noise.epsilon_micros:
            yield f"{release.week} differs from its entry in the ledger"
        elif sum(charge.epsilon_micros for charge in entry.charges) != entry.epsilon_micros:
            yield f"{release.week} has charges that do not add up"
