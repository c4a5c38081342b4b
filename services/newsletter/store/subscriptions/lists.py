"""Mailing lists."""

from services.newsletter.domain.subscriptions.lists import MailingList
from services.newsletter.store.subscriptions.documents import MailingListDocument
from shared.mongo import Collection, Database


class MailingLists:
    """All mailing lists."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[MailingListDocument] = db.get_collection(MailingListDocument)

    async def add(self, mailing_list: MailingList, *, idempotency_key: str) -> MailingList:
        """Insert a list, or return the one that *idempotency_key* created before."""
        row = MailingListDocument(
            id=mailing_list.list_id,
            list_name=mailing_list.name,
            description=mailing_list.description,
            idempotency_key=idempotency_key,
            created_at=mailing_list.created_at,
        )
        return _list(await self._rows.insert_once(row, key="idempotency_key"))

    async def get(self, list_id: str) -> MailingList | None:
        """Return a list; None when it does not exist."""
        row = await self._rows.get(list_id)
        return _list(row) if row else None

    async def list_page(self, *, after: str | None, limit: int) -> list[MailingList]:
        """Return up to *limit* lists after the id *after*, ordered by id."""
        where = {"_id": {"$gt": after}} if after else {}
        return [_list(row) for row in await self._rows.list(where, sort=["_id"], limit=limit)]

    async def get_names(self, list_ids: set[str]) -> dict[str, str]:
        """Return the names of some lists by their ids."""
        rows = await self._rows.list({"_id": {"$in": sorted(list_ids)}})
        return {row.id: row.list_name for row in rows}


def _list(row: MailingListDocument) -> MailingList:
    return MailingList(list_id=row.id, name=row.list_name, description=row.description, created_at=row.created_at)
