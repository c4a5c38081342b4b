"""The published releases."""

from datetime import datetime
from typing import ClassVar

from services.telemetry.domain.releases import Cell, Release
from shared.mongo import Collection, Database, Document, EmbeddedValue


class CellValue(EmbeddedValue):
    """A published count."""

    dimension: str
    value: str
    count: int


class ReleaseDocument(Document):
    """The public statistics of one week; ``_id`` is the week."""

    collection: ClassVar[str] = "releases"
    release_id: str
    n: int
    min_group_size: int
    cells: list[CellValue]
    published_at: datetime


class Releases:
    """The published releases."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[ReleaseDocument] = db.get_collection(ReleaseDocument)

    async def list_newest(self, limit: int = 52) -> list[Release]:
        """Return the *limit* newest releases, the newest week first."""
        return [_release(row) for row in await self._rows.list({}, sort=[("_id", -1)], limit=limit)]


def _release(row: ReleaseDocument) -> Release:
    cells = tuple(Cell(dimension=cell.dimension, value=cell.value, count=cell.count) for cell in row.cells)
    return Release(
        release_id=row.release_id,
        week=row.id,
        n=row.n,
        min_group_size=row.min_group_size,
        cells=cells,
        published_at=row.published_at,
    )
