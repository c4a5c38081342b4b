"""The mails that staff can read for 30 days."""

from datetime import datetime

from services.newsletter.store.inbound.documents import KeptMailDocument
from shared.crypto import Vault, build_associated_data
from shared.mongo import Collection, Database
from shared.policy import Purpose

_MAX_BYTES = 64 * 1024
_MAX_RESULTS = 500


class KeptMails:
    """The beginnings of mails that came in, each sealed under a key of its own."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows: Collection[KeptMailDocument] = db.get_collection(KeptMailDocument)
        self._vault = vault

    async def add(self, received_id: str, raw: bytes, *, subscription_id: str, at: datetime) -> None:
        """Keep the beginning of a mail."""
        text = raw[:_MAX_BYTES].decode("utf-8", "replace").encode()
        sealed = await self._vault.seal(received_id, build_associated_data(KeptMailDocument, "sealed"), text)
        await self._rows.insert_one(
            KeptMailDocument(id=received_id, received_at=at, subscription_id=subscription_id, sealed=sealed)
        )

    async def read(self, received_id: str) -> str | None:
        """Return the source of a mail for staff; None when it is not kept, or no longer."""
        row = await self._rows.get(received_id)
        return await self._vault.open_field(row, "sealed", Purpose.SUPPORT) if row else None

    async def count(self) -> int:
        """Return how many are kept."""
        return await self._rows.count_documents({})

    async def delete(self, received_ids: list[str]) -> int:
        """Delete kept mails with their keys; return how many."""
        for received_id in received_ids:
            await self._vault.destroy_key(received_id)
        return await self._rows.delete_many({"_id": {"$in": received_ids}}) if received_ids else 0

    async def list_older_than(self, at: datetime) -> list[str]:
        """Return the ids of those that came in before *at*."""
        rows = await self._rows.list({"received_at": {"$lte": at}}, sort=["received_at"], limit=_MAX_RESULTS)
        return [row.id for row in rows]
