"""Reaches behind ``shared.mongo``, as an intruder or an operator with a shell would."""

from dataclasses import dataclass
from typing import Any

from pymongo import AsyncMongoClient

from shared.mongo import Database


@dataclass(frozen=True, slots=True)
class RawWriter:
    """Puts documents where no validator looks, and takes databases away."""

    client: AsyncMongoClient[dict[str, Any]]

    async def write_raw(self, database: Database, collection: str, raw: dict[str, Any]) -> None:
        """Store *raw* as it is, round the validator: a deliberate breach for a probe to see."""
        await self.client[database.name][collection].insert_one(raw, bypass_document_validation=True)

    async def read_raw(self, database: Database, collection: str) -> list[dict[str, Any]]:
        """Return all that *collection* holds, as it is stored."""
        return await self.client[database.name][collection].find().to_list()

    async def list_indexes(self, database: Database, collection: str) -> dict[str, Any]:
        """Return the indexes of *collection* as the server tells them."""
        return dict(await self.client[database.name][collection].index_information())

    async def drop_database(self, name: str) -> None:
        """Take the whole database away."""
        await self.client.drop_database(name)
