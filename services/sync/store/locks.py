"""The locks of each account; their owner and path sealed."""

import json
from collections.abc import Collection
from datetime import datetime

from services.sync.domain.locks import Lock
from services.sync.store.ciphers import AccountCipher
from services.sync.store.documents import LockDocument
from shared.mongo import Database


class Locks:
    """Reads and writes locks."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(LockDocument)

    async def list_active(self, cipher: AccountCipher, *, at: datetime) -> list[Lock]:
        """Return the locks of the account that have not expired."""
        rows = await self._rows.list({"account": cipher.account, "expires_at": {"$gt": at}})
        return [_to_lock(row, cipher) for row in rows]

    async def save_many(self, cipher: AccountCipher, locks: Collection[Lock]) -> None:
        """Store *locks*, new or refreshed."""
        for lock in locks:
            await self._rows.upsert_one(_to_document(lock, cipher))

    async def delete_many(self, tokens: Collection[str]) -> None:
        """Delete locks by their tokens."""
        await self._rows.delete_many({"_id": {"$in": list(tokens)}})

    async def delete_by_account(self, account: str) -> int:
        """Delete the locks of an account."""
        return await self._rows.delete_many({"account": account})


def _to_lock(document: LockDocument, cipher: AccountCipher) -> Lock:
    owner, *path = json.loads(cipher.open_lock(document.id, document.sealed_details))
    return Lock(
        token=document.id,
        ids=document.ids,
        path=tuple(path),
        exclusive=document.exclusive,
        deep=document.deep,
        owner=owner,
        device=document.device,
        seconds=document.seconds,
        expires_at=document.expires_at,
    )


def _to_document(lock: Lock, cipher: AccountCipher) -> LockDocument:
    return LockDocument(
        id=lock.token,
        account=cipher.account,
        ids=lock.ids,
        sealed_details=cipher.seal_lock(lock.token, json.dumps([lock.owner, *lock.path])),
        exclusive=lock.exclusive,
        deep=lock.deep,
        device=lock.device,
        seconds=lock.seconds,
        expires_at=lock.expires_at,
    )
