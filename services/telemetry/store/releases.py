"""The releases, as drawn, and the budget ledger. Nothing in them is about one installation."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from services.telemetry.domain.noise import NoiseScale
from services.telemetry.domain.releases import DrawnTable, Release
from services.telemetry.domain.streams import Stream
from shared.mongo import Collection, Database, Document, DuplicateError, EmbeddedValue, Index


class DrawnTableValue(EmbeddedValue):
    """A table: its cells in order, and the figure of each. A version has a dot, which no field name may have."""

    program: str
    name: str
    base: str
    cells: list[str]
    counts: list[int]


class ReleaseDocument(Document):
    """The statistics of one week; ``_id`` is the name of the week, so that a week is released once."""

    collection: ClassVar[str] = "releases"
    indexes: ClassVar[tuple[Index, ...]] = (Index(("stream", 1), ("week_closed_at", -1)), Index("has_raw_reports"))
    release_id: str
    stream: Stream
    year: int
    week_closed_at: datetime
    epsilon_micros: int
    sensitivity: int
    scale: int
    min_count: int
    closed_lists: str
    """The digest of the closed lists that were drawn."""
    tables: list[DrawnTableValue]
    published_at: datetime
    has_raw_reports: bool = True
    """Whether the raw reports of the week are still to be deleted."""


class Releases:
    """The releases of all streams."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[ReleaseDocument] = db.get_collection(ReleaseDocument)

    async def add(self, release: Release) -> bool:
        """Insert *release*; False when its week is released."""
        try:
            await self._rows.insert_one(_document(release))
        except DuplicateError:
            return False
        return True

    async def get(self, week: str) -> Release | None:
        """Return the release of *week*; None when there is none."""
        row = await self._rows.get(week)
        return None if row is None else _release(row)

    async def list_newest(self, stream: Stream, limit: int) -> list[Release]:
        """Return the *limit* newest releases of *stream*, the newest week first."""
        rows = await self._rows.list({"stream": stream.value}, sort=[("week_closed_at", -1)], limit=limit)
        return [_release(row) for row in rows]

    async def list_released(self, weeks: Sequence[str]) -> set[str]:
        """Return those of *weeks* that are released."""
        rows = await self._rows.list_fields({"_id": {"$in": list(weeks)}}, ())
        return {row["_id"] for row in rows}

    async def list_weeks_with_raw_reports(self) -> list[str]:
        """Return the released weeks whose raw reports are still to be deleted."""
        rows = await self._rows.list_fields({"has_raw_reports": True}, ())
        return sorted(row["_id"] for row in rows)

    async def mark_raw_reports_deleted(self, week: str) -> None:
        """Record that the raw reports of *week* are gone."""
        await self._rows.update_one({"_id": week}, {"$set": {"has_raw_reports": False}})


def _document(release: Release) -> ReleaseDocument:
    return ReleaseDocument(
        id=release.week,
        release_id=release.release_id,
        stream=release.stream,
        year=release.year,
        week_closed_at=release.week_closed_at,
        epsilon_micros=release.noise.epsilon_micros,
        sensitivity=release.noise.sensitivity,
        scale=release.noise.scale,
        min_count=release.min_count,
        closed_lists=release.closed_lists,
        tables=[
            DrawnTableValue(
                program=table.program,
                name=table.name,
                base=table.base,
                cells=list(table.counts),
                counts=list(table.counts.values()),
            )
            for table in release.tables
        ],
        published_at=release.published_at,
    )


def _release(row: ReleaseDocument) -> Release:
    return Release(
        release_id=row.release_id,
        stream=row.stream,
        week=row.id,
        year=row.year,
        week_closed_at=row.week_closed_at,
        noise=NoiseScale(epsilon_micros=row.epsilon_micros, sensitivity=row.sensitivity, scale=row.scale),
        min_count=row.min_count,
        closed_lists=row.closed_lists,
        tables=tuple(
            DrawnTable(
                program=table.program,
                name=table.name,
                base=table.base,
                counts=dict(zip(table.cells, table.counts, strict=False)),
            )
            for table in row.tables
        ),
        published_at=row.published_at,
    )
