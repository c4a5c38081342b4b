"""Tombstones: the locations that nodes left, for sync tokens (RFC 6578)."""

from collections.abc import Collection
from datetime import datetime

from services.sync.domain.sync_tokens import Tombstone
from services.sync.store.ciphers import AccountCipher
from services.sync.store.documents import TombstoneDocument
from shared.mongo import Database


class Tombstones:
    """Stores and finds tombstones; *cipher* is that of their account."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(TombstoneDocument)

    async def add_many(self, cipher: AccountCipher, tombstones: Collection[Tombstone], *, at: datetime) -> None:
        """Store new tombstones."""
        await self._rows.insert_many(_to_document(cipher, one, at) for one in tombstones)

    async def list_since(self, cipher: AccountCipher, rev: int, *, limit: int) -> list[Tombstone]:
        """Return the next tombstones after *rev*, in order."""
        where = {"account": cipher.account, "rev": {"$gt": rev}}
        return [_to_tombstone(cipher, row) for row in await self._rows.list(where, sort=["rev"], limit=limit)]

    async def find_prunable_revisions(self, *, by: datetime, limit: int) -> dict[str, int]:
        """Return accounts with tombstones older than *by*, each with the highest revision of these."""
        rows = await self._rows.list({"removed_at": {"$lte": by}}, sort=["removed_at"], limit=limit)
        found: dict[str, int] = {}
        for row in rows:
            found[row.account] = max(row.rev, found.get(row.account, 0))
        return found

    async def delete_up_to_revision(self, account: str, *, revision: int) -> None:
        """Delete the tombstones of *account* up to *revision*."""
        await self._rows.delete_many({"account": account, "rev": {"$lte": revision}})

    async def delete_by_account(self, account: str) -> int:
        """Delete all tombstones of an account."""
        return await self._rows.delete_many({"account": account})


def _to_document(cipher: AccountCipher, tombstone: Tombstone, at: datetime) -> TombstoneDocument:
    return TombstoneDocument.model_construct(
        id=tombstone.id,
        account=cipher.account,
        rev=tombstone.rev,
        node=tombstone.node,
        parent=tombstone.parent,
        name=cipher.seal_name(tombstone.id, tombstone.name),
        name_key=tombstone.name_key,
        is_folder=tombstone.is_folder,
        removed_at=at,
    )


def _to_tombstone(cipher: AccountCipher, document: TombstoneDocument) -> Tombstone:
    return Tombstone(
        node=document.node,
        parent=document.parent,
        name=cipher.open_name(document.id, document.name),
        name_key=document.name_key,
        is_folder=document.is_folder,
        rev=document.rev,
    )
