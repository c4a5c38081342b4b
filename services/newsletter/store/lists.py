"""The lists."""

from services.newsletter.domain import NewsList
from services.newsletter.store.documents import ListDocument
from shared.mongo import Collection, Database, DuplicateError


class Lists:
    """The lists that people can join."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[ListDocument] = db.collection(ListDocument)

    async def add(self, made: NewsList, *, operation: str) -> NewsList:
        """Keep a new list; when *operation* has made one before, return that."""
        row = ListDocument(
            id=made.list_id,
            list_name=made.name,
            description=made.description,
            operation=operation,
            created_at=made.created_at,
        )
        try:
            await self._rows.insert(row)
        except DuplicateError:
            found = await self._rows.find_one({"operation": operation})
            if found is None:
                raise
            return _list(found)
        return made

    async def get(self, list_id: str) -> NewsList | None:
        """Return a list."""
        row = await self._rows.get(list_id)
        return _list(row) if row else None

    async def page(self, *, after: str | None, most: int) -> list[NewsList]:
        """Return up to *most* lists after the id *after*."""
        where = {"_id": {"$gt": after}} if after else {}
        return [_list(row) for row in await self._rows.list(where, sort=["_id"], limit=most)]

    async def names(self, list_ids: set[str]) -> dict[str, str]:
        """Return the names of some lists by their ids."""
        rows = await self._rows.list({"_id": {"$in": sorted(list_ids)}})
        return {row.id: row.list_name for row in rows}


def _list(row: ListDocument) -> NewsList:
    return NewsList(list_id=row.id, name=row.list_name, description=row.description, created_at=row.created_at)
