"""What left its place in the trees, for clients that follow them (RFC 6578)."""

from collections.abc import Collection
from datetime import datetime

from services.sync.domain.following import Tombstone
from services.sync.store.documents import TombstoneRow
from services.sync.store.seal import Seal
from shared.mongo import Database


class Tombstones:
    """Stores and finds tombstones; *seal* is that of the account whose they are."""

    def __init__(self, db: Database) -> None:
        self._rows = db.collection(TombstoneRow)

    async def add(self, seal: Seal, tombstones: Collection[Tombstone], *, at: datetime) -> None:
        """Store new tombstones."""
        await self._rows.insert_many(_row(seal, one, at) for one in tombstones)

    async def since(self, seal: Seal, rev: int, *, limit: int) -> list[Tombstone]:
        """Return the next tombstones after *rev*, in order."""
        where = {"account": seal.account, "rev": {"$gt": rev}}
        return [_tombstone(seal, row) for row in await self._rows.list(where, sort=["rev"], limit=limit)]

    async def oldest(self, *, by: datetime, limit: int) -> dict[str, int]:
        """Return accounts with tombstones older than *by*, and up to which revision some of these are."""
        rows = await self._rows.list({"gone_at": {"$lte": by}}, sort=["gone_at"], limit=limit)
        found: dict[str, int] = {}
        for row in rows:
            found[row.account] = max(row.rev, found.get(row.account, 0))
        return found

    async def forget(self, account: str, *, upto: int) -> None:
        """Remove the tombstones of *account* up to the revision *upto*."""
        await self._rows.delete({"account": account, "rev": {"$lte": upto}})

    async def remove_all(self, account: str) -> int:
        """Remove all tombstones of an account."""
        return await self._rows.delete({"account": account})


def _row(seal: Seal, one: Tombstone, at: datetime) -> TombstoneRow:
    return TombstoneRow.model_construct(
        id=one.id,
        account=seal.account,
        rev=one.rev,
        node=one.node,
        parent=one.parent,
        name=seal.seal_name(one.id, one.name),
        name_key=one.name_key,
        is_folder=one.is_folder,
        gone_at=at,
    )


def _tombstone(seal: Seal, row: TombstoneRow) -> Tombstone:
    return Tombstone(
        node=row.node,
        parent=row.parent,
        name=seal.open_name(row.id, row.name),
        name_key=row.name_key,
        is_folder=row.is_folder,
        rev=row.rev,
    )
