"""The locks of each account; their owner and path sealed."""

import json
from collections.abc import Collection
from datetime import datetime

from services.sync.domain.locks import Lock
from services.sync.store.documents import LockRow
from services.sync.store.seal import Seal
from shared.mongo import Database


class LockRows:
    """Reads and writes locks."""

    def __init__(self, db: Database) -> None:
        self._rows = db.collection(LockRow)

    async def live(self, seal: Seal, *, at: datetime) -> list[Lock]:
        """Return the locks of the account that have not ended."""
        rows = await self._rows.list({"account": seal.account, "expires_at": {"$gt": at}})
        return [_lock(row, seal) for row in rows]

    async def add(self, seal: Seal, locks: Collection[Lock]) -> None:
        """Store *locks*, new or refreshed."""
        for lock in locks:
            await self._rows.upsert(_row(lock, seal))

    async def remove(self, tokens: Collection[str]) -> None:
        """Remove locks by their tokens."""
        await self._rows.delete({"_id": {"$in": list(tokens)}})

    async def remove_all(self, account: str) -> int:
        """Remove the locks of an account."""
        return await self._rows.delete({"account": account})


def _lock(row: LockRow, seal: Seal) -> Lock:
    owner, *path = json.loads(seal.open_lock(row.id, row.described))
    return Lock(
        token=row.id,
        ids=row.ids,
        path=tuple(path),
        exclusive=row.exclusive,
        deep=row.deep,
        owner=owner,
        device=row.device,
        seconds=row.seconds,
        expires_at=row.expires_at,
    )


def _row(lock: Lock, seal: Seal) -> LockRow:
    return LockRow(
        id=lock.token,
        account=seal.account,
        ids=lock.ids,
        described=seal.seal_lock(lock.token, json.dumps([lock.owner, *lock.path])),
        exclusive=lock.exclusive,
        deep=lock.deep,
        device=lock.device,
        seconds=lock.seconds,
        expires_at=lock.expires_at,
    )
