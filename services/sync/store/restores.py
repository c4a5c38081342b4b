"""The restores that were asked for; what they are about is sealed as the names of the files are."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, NamedTuple

from services.sync.domain.restores import UNFINISHED, Failure, Restore, RestoreState, Tally
from services.sync.domain.tree import Path
from services.sync.store.documents import RestoreRow
from services.sync.store.seal import Seal
from shared.mongo import Database

_NEWEST_FIRST = [("asked_at", -1), ("_id", -1)]


class Unfinished(NamedTuple):
    """A restore that is to be done, of whom."""

    restore: str
    account: str


class RestoreRows:
    """Reads and writes restores; *seal* is that of the account whose they are."""

    def __init__(self, db: Database) -> None:
        self._rows = db.collection(RestoreRow)

    async def add(self, seal: Seal, restore: Restore) -> None:
        """Enter a restore; DuplicateError when it was."""
        row = asdict(restore) | {
            "path": _sealed(seal, restore.id, restore.path),
            "place": None,
            "failure": None,
        }
        await self._rows.insert(RestoreRow(**row))

    async def get(self, seal: Seal, restore: str) -> Restore | None:
        """Return a restore of the account."""
        row = await self._rows.find_one({"_id": restore, "account": seal.account})
        return None if row is None else _restore(row, seal)

    async def page(self, seal: Seal, *, after: str | None, limit: int) -> list[Restore]:
        """Return restores of the account, the latest first, beginning behind the position *after*."""
        where: dict[str, Any] = {"account": seal.account, **_older(after)}
        return [_restore(row, seal) for row in await self._rows.list(where, sort=_NEWEST_FIRST, limit=limit)]

    async def unfinished(self, *, limit: int) -> list[Unfinished]:
        """Return what is to be done, of all accounts, the first that was asked for first."""
        rows = await self._rows.list({"state": {"$in": list(UNFINISHED)}}, sort=["asked_at"], limit=limit)
        return [Unfinished(row.id, row.account) for row in rows]

    async def unfinished_of(self, account: str) -> int:
        """Return how many of *account* are to be done."""
        return await self._rows.count({"account": account, "state": {"$in": list(UNFINISHED)}})

    async def claim(self, seal: Seal, restore: str, *, at: datetime) -> Restore | None:
        """Take a restore up; None when there is nothing left to do. Whoever had it before can write no more."""
        was = await self.get(seal, restore)
        if was is None or was.state not in UNFINISHED:
            return None
        change = {"state": RestoreState.RUNNING.value, "begun_at": was.begun_at or at}
        grown = {"claim": 1, "fruitless": 1}
        where = {"_id": restore, "claim": was.claim, "state": was.state.value}
        if not await self._rows.update(where, {"$set": change, "$inc": grown}):
            return None
        return await self.get(seal, restore)

    async def note(self, restore: Restore, change: Mapping[str, Any]) -> bool:
        """Write *change* of a restore that is claimed; False when it is another one's by now, or was erased."""
        where = {"_id": restore.id, "claim": restore.claim, "state": RestoreState.RUNNING.value}
        return bool(await self._rows.update(where, {"$set": dict(change)}))

    async def remove_all(self, account: str) -> int:
        """Remove the restores of an erased account."""
        return await self._rows.delete({"account": account})


def counted(tally: Tally) -> dict[str, int]:
    """Return *tally* as a change."""
    return asdict(tally)


def placed(seal: Seal, restore: Restore, place: Path) -> dict[str, bytes]:
    """Return where a restore comes back to as a change."""
    return {"place": _sealed(seal, restore.id, place)}


def ended(state: RestoreState, failure: Failure | None, *, at: datetime) -> dict[str, Any]:
    """Return the end of a restore as a change."""
    told = None if failure is None else asdict(failure)
    return {"state": state.value, "finished_at": at, "uploading": "", "failure": told}


def _older(after: str | None) -> dict[str, Any]:
    if after is None:
        return {}
    time, _, restore = after.partition(" ")
    at = datetime.fromisoformat(time)
    return {"$or": [{"asked_at": {"$lt": at}}, {"asked_at": at, "_id": {"$lt": restore}}]}


def _sealed(seal: Seal, restore: str, path: Path) -> bytes:
    return seal.seal_name(restore, "/".join(path))


def _opened(seal: Seal, restore: str, sealed: bytes | None) -> Path:
    text = "" if sealed is None else seal.open_name(restore, sealed)
    return tuple(text.split("/")) if text else ()


def _restore(row: RestoreRow, seal: Seal) -> Restore:
    return Restore(
        **row.model_dump(exclude={"path", "place", "failure"}),
        path=_opened(seal, row.id, row.path),
        place=_opened(seal, row.id, row.place),
        failure=None if row.failure is None else Failure(**row.failure.model_dump()),
    )
