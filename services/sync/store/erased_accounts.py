"""The accounts that were erased: they are never restored, not even from a backup (C31)."""

from datetime import datetime

from services.sync.store.documents import ErasedAccountDocument
from shared.mongo import Database


class ErasedAccounts:
    """Records erasures for as long as a backup may hold sealed data of the account."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(ErasedAccountDocument)

    async def has(self, account: str) -> bool:
        """Tell whether *account* was erased."""
        return await self._rows.get(account) is not None

    async def start(self, account: str, erasure_id: str, erased: dict[str, int], *, at: datetime) -> None:
        """Record that the keys of *account* are destroyed; a later request for the same account adds to the first."""
        before = await self._rows.get(account)
        counts = {**(before.erased_counts if before else {}), **erased}
        row = ErasedAccountDocument(
            id=account, erasure_id=erasure_id, erased_at=at, erased_counts=counts, completed=False
        )
        await self._rows.upsert_one(row)

    async def list_unfinished(self, *, limit: int) -> list[ErasedAccountDocument]:
        """Return erasures whose documents and blobs are still to be deleted."""
        return await self._rows.list({"completed": False}, limit=limit)

    async def add_erased_count(self, account: str, name: str, amount: int) -> None:
        """Add to the counts of what was erased of *account*."""
        if amount:
            await self._rows.update_one({"_id": account}, {"$inc": {f"erased_counts.{name}": amount}})

    async def complete(self, account: str) -> ErasedAccountDocument | None:
        """Mark the erasure complete; return it for the receipt, once."""
        row = await self._rows.get(account)
        if row is None or not await self._rows.update_one(
            {"_id": account, "completed": False}, {"$set": {"completed": True}}
        ):
            return None
        return row
