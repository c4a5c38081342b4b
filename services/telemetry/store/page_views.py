"""Page views by week and page: a number, and nothing of the visitors."""

from typing import ClassVar

from services.telemetry.domain.page_views import PageViewCount
from shared.mongo import Collection, Database, Document, DuplicateError, Index


class PageViewsDocument(Document):
    """The views of one page in one week; ``_id`` is both."""

    collection: ClassVar[str] = "page_views"
    indexes: ClassVar[tuple[Index, ...]] = (Index("week"),)
    week: str
    page: str
    views: int


class PageViews:
    """The page views of all weeks."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[PageViewsDocument] = db.get_collection(PageViewsDocument)

    async def count_view(self, week: str, page: str) -> None:
        """Count one view. Not inside a transaction, which a duplicate aborts."""
        view_id = f"{week}/{page}"
        if await self._increment(view_id):
            return
        try:
            await self._rows.insert_one(PageViewsDocument(id=view_id, week=week, page=page, views=1))
        except DuplicateError:  # another request has just inserted it
            await self._increment(view_id)

    async def list_newest(self, limit: int) -> list[PageViewCount]:
        """Return up to *limit* counts, the newest week first."""
        rows = await self._rows.list({}, sort=[("week", -1)], limit=limit)
        return [PageViewCount(row.week, row.page, row.views) for row in rows]

    async def _increment(self, view_id: str) -> bool:
        return await self._rows.update_one({"_id": view_id}, {"$inc": {"views": 1}}) == 1
