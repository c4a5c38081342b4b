"""Data of another build is refused at start, with one line that names the remedy."""

from typing import ClassVar

import pytest

from shared.mongo import Database, DataFormatDocument, Document, IncompatibleDataError
from shared.release import DATA_FORMAT
from tests.support import RawWriter


class Visit(Document):
    collection: ClassVar[str] = "visits"

    place: str


async def test_an_empty_database_is_marked_and_then_accepted(database: Database) -> None:
    await database.ensure_collections([Visit])
    await database.ensure_collections([Visit])
    [mark] = await database.get_collection(DataFormatDocument).list({})
    assert mark.version == DATA_FORMAT


async def test_a_database_without_a_mark_is_of_an_older_build(database: Database, planter: RawWriter) -> None:
    await planter.write_raw(database, "accounts", {"_id": "acc_1"})
    with pytest.raises(IncompatibleDataError, match=f"MONGO_DATABASE={database.name} .*: drop the database") as refused:
        await database.ensure_collections([Visit])
    assert "\n" not in str(refused.value)
    assert await planter.read_raw(database, "accounts") == [{"_id": "acc_1"}]


async def test_a_database_of_another_format_is_refused(database: Database) -> None:
    await database.ensure_collections([Visit])
    await database.get_collection(DataFormatDocument).update_one({"_id": "data_format"}, {"$set": {"version": 1}})
    with pytest.raises(IncompatibleDataError, match="in format 1"):
        await database.ensure_collections([Visit])
