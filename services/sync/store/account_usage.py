"""The usage counters of each account."""

from datetime import datetime

from services.sync.domain.account_usage import AccountUsage
from services.sync.store.documents import AccountUsageDocument
from shared.mongo import Database


class AccountUsages:
    """Reads and writes counters; *quota_bytes* is the quota of every account."""

    def __init__(self, db: Database, *, quota_bytes: int) -> None:
        self._rows = db.get_collection(AccountUsageDocument)
        self._quota_bytes = quota_bytes

    async def get(self, account: str) -> AccountUsage | None:
        """Return the usage of *account*; None when it has no tree."""
        row = await self._rows.get(account)
        if row is None:
            return None
        return AccountUsage(
            account=row.id,
            quota_bytes=self._quota_bytes,
            rev=row.rev,
            used_bytes=row.used_bytes,
            reserved_bytes=row.reserved_bytes,
            files=row.files,
            locks=row.locks,
            tracked_since_rev=row.tracked_since_rev,
        )

    def build_empty(self, account: str) -> AccountUsage:
        """Return empty usage, which is not stored."""
        return AccountUsage(account=account, quota_bytes=self._quota_bytes)

    async def add(self, usage: AccountUsage, *, at: datetime) -> None:
        """Store new usage; DuplicateError when it exists."""
        row = AccountUsageDocument(
            id=usage.account,
            rev=usage.rev,
            used_bytes=usage.used_bytes,
            reserved_bytes=usage.reserved_bytes,
            files=usage.files,
            locks=usage.locks,
            tracked_since_rev=usage.tracked_since_rev,
            created_at=at,
        )
        await self._rows.insert_one(row)

    async def update(self, usage: AccountUsage) -> bool:
        """Store the counters; False when the account was erased."""
        change = {
            "rev": usage.rev,
            "used_bytes": usage.used_bytes,
            "reserved_bytes": usage.reserved_bytes,
            "files": usage.files,
            "locks": usage.locks,
            "tracked_since_rev": usage.tracked_since_rev,
        }
        return bool(await self._rows.update_one({"_id": usage.account}, {"$set": change}))

    async def delete(self, account: str, *, at: datetime) -> int:
        """Delete the usage of *account* in the transaction of its erasure; return how many there were.

        Where there is none, one is created first: a device that creates the tree at this moment then conflicts.
        """
        exists = await self._rows.get(account) is not None
        if not exists:
            await self.add(self.build_empty(account), at=at)
        await self._rows.delete_many({"_id": account})
        return int(exists)

    async def get_created_at(self, account: str) -> datetime | None:
        """Return when the tree of *account* was created; None when there is none."""
        row = await self._rows.get(account)
        return None if row is None else row.created_at

    async def list_used_bytes(self, *, after: str, limit: int) -> list[tuple[str, int]]:
        """Return the next accounts and the bytes each uses, in order."""
        rows = await self._rows.list({"_id": {"$gt": after}}, sort=["_id"], limit=limit)
        return [(row.id, row.used_bytes) for row in rows]

    async def list_account_ids(self, *, after: str, limit: int) -> list[str]:
        """Return the next account ids, in order."""
        rows = await self._rows.list({"_id": {"$gt": after}}, sort=["_id"], limit=limit)
        return [row.id for row in rows]
