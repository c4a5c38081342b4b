"""The counters of each account."""

from datetime import datetime

from services.sync.domain.space import Space
from services.sync.store.documents import SpaceRow
from shared.mongo import Database


class Spaces:
    """Reads and writes the counters; *quota_bytes* is what each account may store."""

    def __init__(self, db: Database, *, quota_bytes: int) -> None:
        self._rows = db.collection(SpaceRow)
        self._quota_bytes = quota_bytes

    async def get(self, account: str) -> Space | None:
        """Return the space of *account*."""
        row = await self._rows.get(account)
        if row is None:
            return None
        return Space(
            account=row.id,
            quota_bytes=self._quota_bytes,
            rev=row.rev,
            used_bytes=row.used_bytes,
            reserved_bytes=row.reserved_bytes,
            files=row.files,
            locks=row.locks,
            followed_from=row.followed_from,
        )

    def new(self, account: str) -> Space:
        """Return an empty space; it is not stored."""
        return Space(account=account, quota_bytes=self._quota_bytes)

    async def add(self, space: Space, *, at: datetime) -> None:
        """Store a new space; DuplicateError when there is one."""
        row = SpaceRow(
            id=space.account,
            rev=space.rev,
            used_bytes=space.used_bytes,
            reserved_bytes=space.reserved_bytes,
            files=space.files,
            locks=space.locks,
            followed_from=space.followed_from,
            created_at=at,
        )
        await self._rows.insert(row)

    async def write(self, space: Space) -> bool:
        """Store the counters; False when the space is gone."""
        change = {
            "rev": space.rev,
            "used_bytes": space.used_bytes,
            "reserved_bytes": space.reserved_bytes,
            "files": space.files,
            "locks": space.locks,
            "followed_from": space.followed_from,
        }
        return bool(await self._rows.update({"_id": space.account}, {"$set": change}))

    async def bury(self, account: str, *, at: datetime) -> int:
        """Remove the space of *account*, in the transaction of its erasure; return how many there were.

        Where there is none, one is made first: a device that opens the account at this moment collides with it.
        """
        there = await self._rows.get(account) is not None
        if not there:
            await self.add(self.new(account), at=at)
        await self._rows.delete({"_id": account})
        return int(there)

    async def opened_at(self, account: str) -> datetime | None:
        """Return when the space of *account* was made; None when there is none."""
        row = await self._rows.get(account)
        return None if row is None else row.created_at

    async def used(self, *, after: str, limit: int) -> list[tuple[str, int]]:
        """Return the next accounts and how many bytes each uses, in order."""
        rows = await self._rows.list({"_id": {"$gt": after}}, sort=["_id"], limit=limit)
        return [(row.id, row.used_bytes) for row in rows]

    async def accounts(self, *, after: str, limit: int) -> list[str]:
        """Return the next accounts that have a space, in order."""
        rows = await self._rows.list({"_id": {"$gt": after}}, sort=["_id"], limit=limit)
        return [row.id for row in rows]
