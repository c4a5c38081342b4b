"""Preparing makes a collection exactly what its document declares, however often and by however many."""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

import pytest

from shared.mongo import Database, Document, Index, SchemaValidationError, open_database
from shared.personal import Category, Personal, retain_for
from shared.policy import Purpose
from tests.support import NOON, RawWriter


class Visit(Document):
    collection: ClassVar[str] = "visits"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("place", ("at", -1)),
        Index("ticket", unique=True, partial={"ticket": {"$type": "string"}}),
        Index("ends_at", expire_after=timedelta(hours=1)),
    )

    place: str
    at: datetime = NOON
    ends_at: datetime = NOON
    ticket: str | None = None


class LaterVisit(Visit):
    """The same collection in the next release."""

    indexes: ClassVar[tuple[Index, ...]] = (Index("place"), Index("ends_at", expire_after=timedelta(hours=2)))

    guests: int = 0


class Swept(Document):
    collection: ClassVar[str] = "swept"

    created_at: datetime
    seen: Annotated[str, Personal(Category.USAGE, {Purpose.OPERATIONS}, retain_for(1))]


def plain(indexes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        name: {key: value for key, value in index.items() if key not in {"v", "ns"}} for name, index in indexes.items()
    }


VISIT_INDEXES = {
    "_id_": {"key": [("_id", 1)]},
    "place_1_at_-1": {"key": [("place", 1), ("at", -1)]},
    "ticket_1": {"key": [("ticket", 1)], "unique": True, "partialFilterExpression": {"ticket": {"$type": "string"}}},
    "ends_at_1": {"key": [("ends_at", 1)], "expireAfterSeconds": 3600},
}


async def test_the_indexes_are_the_declared_ones_and_no_others(database: Database, planter: RawWriter) -> None:
    await database.ensure_collections([Visit])
    assert plain(await planter.list_indexes(database, "visits")) == VISIT_INDEXES


async def test_an_index_that_nobody_declares_is_dropped_and_a_changed_one_made_anew(
    database: Database, planter: RawWriter
) -> None:
    await database.ensure_collections([Visit])
    await planter.client[database.name]["visits"].create_index("stray")
    await database.ensure_collections([LaterVisit])
    assert plain(await planter.list_indexes(database, "visits")) == {
        "_id_": {"key": [("_id", 1)]},
        "place_1": {"key": [("place", 1)]},
        "ends_at_1": {"key": [("ends_at", 1)], "expireAfterSeconds": 7200},
    }


async def test_preparing_twice_changes_nothing(database: Database, planter: RawWriter) -> None:
    for _ in range(2):
        await database.ensure_collections([Visit, Swept])
    assert plain(await planter.list_indexes(database, "visits")) == VISIT_INDEXES


async def test_processes_that_prepare_at_once_do_not_hinder_each_other(
    database: Database, planter: RawWriter, mongo_url: str, mongo_driver: str
) -> None:
    async def replica() -> None:
        async with open_database(mongo_url, database.name, driver=mongo_driver) as own:
            await own.ensure_collections([Visit, Swept])

    await asyncio.gather(*(replica() for _ in range(6)))
    assert plain(await planter.list_indexes(database, "visits")) == VISIT_INDEXES
    with pytest.raises(SchemaValidationError):
        await undeclared_write(database)


async def test_the_next_release_may_declare_more(database: Database) -> None:
    await database.ensure_collections([Visit])
    await database.get_collection(Visit).insert_one(Visit(id="v1", place="here"))
    await database.ensure_collections([LaterVisit])
    await database.get_collection(LaterVisit).insert_one(LaterVisit(id="v2", place="there", guests=3))
    assert [visit.guests for visit in await database.get_collection(LaterVisit).list({}, sort=["_id"])] == [0, 3]


async def test_the_release_before_still_reads_what_the_next_one_wrote(database: Database) -> None:
    await database.ensure_collections([LaterVisit])
    await database.get_collection(LaterVisit).insert_one(LaterVisit(id="v2", place="there", guests=3))
    assert await database.get_collection(Visit).get("v2") == Visit(id="v2", place="there")


async def test_a_collection_that_was_there_unprotected_becomes_closed(database: Database, planter: RawWriter) -> None:
    await database.ensure_collections([])
    await planter.write_raw(database, "visits", {"_id": "old", "whatever": 1})
    await database.ensure_collections([Visit])
    with pytest.raises(SchemaValidationError):
        await undeclared_write(database)


async def test_each_time_that_a_limit_counts_from_is_indexed(database: Database, planter: RawWriter) -> None:
    await database.ensure_collections([Swept])
    assert "created_at_1" in await planter.list_indexes(database, "swept")


async def undeclared_write(database: Database) -> None:
    visits = database.get_collection(Visit)
    await visits.upsert_one(Visit(id="v1", place="here"))
    await visits.update_one({"_id": "v1"}, {"$set": {"shoe_size": 44}})
