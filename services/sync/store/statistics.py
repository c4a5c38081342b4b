"""Usage statistics by day: anonymous sums."""

from collections.abc import Mapping
from dataclasses import asdict

from services.sync.domain.statistics import ClientDay, StorageDay
from services.sync.store.documents import ClientDayDocument, StorageDayDocument
from shared.mongo import Database


class Statistics:
    """Reads and writes the figures of days."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._clients, self._storage = db.get_collection(ClientDayDocument), db.get_collection(StorageDayDocument)

    async def add(self, day: str, family: str, accounts: int, counts: Mapping[str, int]) -> None:
        """Add a group to a day."""
        more = {"accounts": accounts, **counts}

        async def work() -> None:
            key = f"{day}:{family}"
            if not await self._clients.update_one({"_id": key}, {"$inc": more}):
                empty = {"reads": 0, "writes": 0, "lists": 0}
                await self._clients.insert_one(
                    ClientDayDocument.model_validate({"id": key, "day": day, "family": family, **empty, **more})
                )

        await self._db.with_transaction(work)

    async def put(self, stored: StorageDay) -> None:
        """Store the storage of a day."""
        values = asdict(stored)
        await self._storage.upsert_one(StorageDayDocument(id=values.pop("day"), **values))

    async def list_client_days(self, *, since: str, before: str) -> list[ClientDay]:
        """Return the client figures of the days from *since* on, before *before*."""
        rows = await self._clients.list({"day": {"$gte": since, "$lt": before}}, sort=["day"])
        return [ClientDay(**row.model_dump(exclude={"id"})) for row in rows]

    async def list_storage_days(self, *, since: str, before: str) -> list[StorageDay]:
        """Return the storage figures of those days."""
        rows = await self._storage.list({"_id": {"$gte": since, "$lt": before}}, sort=["_id"])
        return [StorageDay(day=row.id, accounts=row.accounts, bytes=row.bytes, sizes=row.sizes) for row in rows]

    async def has_storage_day(self, day: str) -> bool:
        """Tell whether the storage of *day* was measured."""
        return await self._storage.get(day) is not None
