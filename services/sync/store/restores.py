"""The restores; their paths are sealed as the names of files are."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, NamedTuple

from services.sync.domain.restores import UNFINISHED_STATES, Restore, RestoreFailure, RestoreProgress, RestoreState
from services.sync.domain.tree import TreePath
from services.sync.store.ciphers import AccountCipher
from services.sync.store.documents import RestoreDocument
from shared.mongo import Database, filter_after, sort_newest_first


class UnfinishedRestore(NamedTuple):
    """A pending or running restore and its account."""

    restore: str
    account: str


class Restores:
    """Reads and writes restores; *cipher* is that of their account."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(RestoreDocument)

    async def add(self, cipher: AccountCipher, restore: Restore) -> None:
        """Insert a restore; DuplicateError when it exists."""
        row = asdict(restore) | {
            "path": _seal_path(cipher, restore.id, restore.path),
            "destination": None,
            "failure": None,
        }
        await self._rows.insert_one(RestoreDocument(**row))

    async def get(self, cipher: AccountCipher, restore: str) -> Restore | None:
        """Return a restore of the account."""
        row = await self._rows.find_one({"_id": restore, "account": cipher.account})
        return None if row is None else _to_restore(row, cipher)

    async def list_page(self, cipher: AccountCipher, *, after: str | None, limit: int) -> list[Restore]:
        """Return restores of the account, newest first, after the position *after*."""
        where: dict[str, Any] = {"account": cipher.account, **filter_after("requested_at", after)}
        return [
            _to_restore(row, cipher)
            for row in await self._rows.list(where, sort=sort_newest_first("requested_at"), limit=limit)
        ]

    async def list_unfinished(self, *, limit: int) -> list[UnfinishedRestore]:
        """Return pending and running restores of all accounts, oldest first."""
        rows = await self._rows.list({"state": {"$in": list(UNFINISHED_STATES)}}, sort=["requested_at"], limit=limit)
        return [UnfinishedRestore(row.id, row.account) for row in rows]

    async def count_unfinished(self, account: str) -> int:
        """Return how many restores of *account* are pending or running."""
        return await self._rows.count_documents({"account": account, "state": {"$in": list(UNFINISHED_STATES)}})

    async def claim(self, cipher: AccountCipher, restore: str, *, at: datetime) -> Restore | None:
        """Claim a restore; None when there is nothing left to do. A former claim can no longer write."""
        current = await self.get(cipher, restore)
        if current is None or current.state not in UNFINISHED_STATES:
            return None
        change = {"state": RestoreState.RUNNING.value, "started_at": current.started_at or at}
        increments = {"fencing_token": 1, "attempts_without_progress": 1}
        where = {"_id": restore, "fencing_token": current.fencing_token, "state": current.state.value}
        if not await self._rows.update_one(where, {"$set": change, "$inc": increments}):
            return None
        return await self.get(cipher, restore)

    async def update_claimed(self, restore: Restore, change: Mapping[str, Any]) -> bool:
        """Update a claimed restore; False when the claim was lost or the account erased."""
        where = {"_id": restore.id, "fencing_token": restore.fencing_token, "state": RestoreState.RUNNING.value}
        return bool(await self._rows.update_one(where, {"$set": dict(change)}))

    async def delete_by_account(self, account: str) -> int:
        """Delete the restores of an erased account."""
        return await self._rows.delete_many({"account": account})


def progress_update(progress: RestoreProgress) -> dict[str, int]:
    """Return the update for *progress*."""
    return asdict(progress)


def destination_update(cipher: AccountCipher, restore: Restore, destination: TreePath) -> dict[str, bytes]:
    """Return the update for the destination."""
    return {"destination": _seal_path(cipher, restore.id, destination)}


def end_update(state: RestoreState, failure: RestoreFailure | None, *, at: datetime) -> dict[str, Any]:
    """Return the update that ends a restore."""
    failure_value = None if failure is None else asdict(failure)
    return {"state": state.value, "finished_at": at, "uploading": "", "failure": failure_value}


def _seal_path(cipher: AccountCipher, restore: str, path: TreePath) -> bytes:
    return cipher.seal_name(restore, "/".join(path))


def _open_path(cipher: AccountCipher, restore: str, sealed: bytes | None) -> TreePath:
    text = "" if sealed is None else cipher.open_name(restore, sealed)
    return tuple(text.split("/")) if text else ()


def _to_restore(document: RestoreDocument, cipher: AccountCipher) -> Restore:
    return Restore(
        **document.model_dump(exclude={"path", "destination", "failure"}),
        path=_open_path(cipher, document.id, document.path),
        destination=_open_path(cipher, document.id, document.destination),
        failure=None if document.failure is None else RestoreFailure(**document.failure.model_dump()),
    )
