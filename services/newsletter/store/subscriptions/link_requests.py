"""Requests for leave links that were made without a letter."""

from datetime import datetime

from services.newsletter.store.personal_data import folded_index
from services.newsletter.store.subscriptions.documents import UnsubscribeLinkRequestDocument
from shared.crypto import Vault
from shared.mongo import Collection, Database

_MAX_DUE = 100


class UnsubscribeLinkRequests:
    """The requests of the last minutes, by the blind index of the address; the address itself is not stored."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows: Collection[UnsubscribeLinkRequestDocument] = db.get_collection(UnsubscribeLinkRequestDocument)
        self._vault = vault

    async def add(self, request_id: str, email: str, at: datetime) -> None:
        """Insert a request; raises DuplicateError while there is one for the address, in any letter case."""
        row = UnsubscribeLinkRequestDocument(
            id=request_id, folded_index=folded_index(self._vault, email), created_at=at
        )
        await self._rows.insert_one(row)

    async def list_unhandled(self) -> list[tuple[str, str]]:
        """Return the ids of waiting requests with the blind index of their address, the oldest first."""
        rows = await self._rows.list({"handled_at": None}, sort=["created_at"], limit=_MAX_DUE)
        return [(row.id, row.folded_index) for row in rows]

    async def mark_handled(self, request_id: str, at: datetime) -> bool:
        """Record that the links were sent, or that there are none; False when another process has."""
        where = {"_id": request_id, "handled_at": None}
        return await self._rows.update_one(where, {"$set": {"handled_at": at}}) == 1

    async def count_overdue(self, created_until: datetime) -> int:
        """Return how many requests of that time or before still wait."""
        return await self._rows.count_documents({"handled_at": None, "created_at": {"$lte": created_until}})

    async def delete_handled(self, created_until: datetime) -> int:
        """Delete the handled requests of that time or before; the address may ask again."""
        return await self._rows.delete_many({"handled_at": {"$ne": None}, "created_at": {"$lte": created_until}})
