"""What a collection does, on the real wire."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from traceback import format_exception
from typing import ClassVar

import pytest
from pydantic import Field, ValidationError

from shared.mongo import (
    Collection,
    Database,
    Document,
    DuplicateError,
    EmbeddedValue,
    Index,
    SchemaValidationError,
    TransactionMisuseError,
)
from tests.support import NOON, RawWriter


class Mood(StrEnum):
    GLAD = "glad"
    CALM = "calm"


class Line(EmbeddedValue):
    text: str
    at: datetime


class Note(Document):
    collection: ClassVar[str] = "notes"
    indexes: ClassVar[tuple[Index, ...]] = (Index("title", unique=True),)

    title: str
    at: datetime = NOON
    body: bytes = b""
    mood: Mood = Mood.CALM
    lines: tuple[Line, ...] = ()
    tags: frozenset[str] = frozenset()
    counts: dict[str, int] = Field(default_factory=dict)
    seen: datetime | None = None
    version: int = 0


@pytest.fixture
async def notes(database: Database) -> Collection[Note]:
    await database.ensure_collections([Note])
    return database.get_collection(Note)


def note(number: int, **fields: object) -> Note:
    return Note.model_validate({"id": f"note_{number}", "title": f"title {number}", **fields})


async def test_what_is_read_is_what_was_written(notes: Collection[Note]) -> None:
    written = note(
        1,
        body=b"\x00\xff",
        mood=Mood.GLAD,
        lines=(Line(text="a", at=NOON),),
        tags=frozenset({"b", "a"}),
        counts={"x": 2**40},
        seen=NOON,
    )
    await notes.insert_one(written)
    assert await notes.get("note_1") == written


async def test_times_come_back_aware_and_in_utc(notes: Collection[Note]) -> None:
    paris = timezone(timedelta(hours=1))
    await notes.insert_one(note(1, at=datetime(2027, 1, 1, 13, tzinfo=paris), lines=[{"text": "", "at": NOON}]))
    found = await notes.get("note_1")
    assert found is not None
    assert found.at == datetime(2027, 1, 1, 12, tzinfo=UTC)
    assert (found.at.tzinfo, found.lines[0].at.tzinfo) == (UTC, UTC)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        note(1, at=datetime(2027, 1, 1))  # noqa: DTZ001  the naive time is the subject


def test_a_time_without_a_zone_is_refused_inside_an_embedded_value() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        Line.model_validate({"text": "", "at": datetime(2027, 1, 1)})  # noqa: DTZ001  the naive time is the subject


async def test_what_is_not_there_is_none(notes: Collection[Note]) -> None:
    assert await notes.get("note_1") is None


async def test_a_second_document_with_the_same_id_is_refused(notes: Collection[Note]) -> None:
    await notes.insert_one(note(1))
    with pytest.raises(DuplicateError) as refused:
        await notes.insert_one(note(1, title="another"))
    assert refused.value.unique == ("_id",)


async def test_a_unique_clash_names_the_field_and_not_the_value(notes: Collection[Note]) -> None:
    await notes.insert_one(note(1, title="secret words"))
    with pytest.raises(DuplicateError) as refused:
        await notes.insert_many([note(2, title="secret words")])
    assert refused.value.unique == ("title",)
    logged = [line for line in format_exception(refused.value) if not line.startswith("  File")]
    assert "secret words" not in "".join(logged)


async def test_only_documents_with_a_new_id_are_inserted_and_the_others_are_named(notes: Collection[Note]) -> None:
    await notes.insert_many([note(1), note(3)])
    before = await notes.get("note_1")
    changed = [note(number, title=f"another {number}") for number in range(1, 5)]
    assert await notes.insert_missing(changed) == {"note_1", "note_3"}
    assert await notes.insert_missing([]) == set()
    assert await notes.get("note_1") == before
    assert await notes.count_documents({}) == 4


async def test_a_clash_of_another_field_is_no_known_id(notes: Collection[Note]) -> None:
    await notes.insert_one(note(1))
    with pytest.raises(DuplicateError) as refused:
        await notes.insert_missing([note(1), note(2, title="title 1")])
    assert refused.value.unique == ("title",)


async def test_documents_are_found_in_the_order_asked_for(notes: Collection[Note]) -> None:
    await notes.insert_many(note(number, version=number % 2) for number in range(250))
    found = [
        one async for one in notes.iter_documents({"version": 1}, sort=[("version", 1), ("_id", -1)], skip=1, limit=120)
    ]
    assert len(found) == 120
    assert found == await notes.list({"version": 1}, sort=["version", ("_id", -1)], skip=1, limit=120)
    assert found[0].id == "note_97"


async def test_a_stale_version_does_not_replace(notes: Collection[Note]) -> None:
    await notes.insert_one(note(1, version=1))
    assert await notes.replace_one(note(1, version=2), expect={"version": 1})
    assert not await notes.replace_one(note(1, version=9), expect={"version": 1})
    found = await notes.get("note_1")
    assert found is not None
    assert found.version == 2


async def test_replacing_what_is_not_there_stores_nothing(notes: Collection[Note]) -> None:
    assert not await notes.replace_one(note(1))
    assert await notes.count_documents({}) == 0


async def test_an_upsert_stores_and_replaces(notes: Collection[Note]) -> None:
    await notes.upsert_one(note(1))
    await notes.upsert_one(note(1, version=7))
    assert [one.version for one in await notes.list({})] == [7]


async def test_an_update_tells_how_many_matched(notes: Collection[Note]) -> None:
    await notes.insert_many([note(1), note(2), note(3)])
    assert await notes.update_one({"version": 0}, {"$inc": {"version": 1}}) == 1
    assert await notes.update_many({}, {"$set": {"mood": Mood.GLAD}}) == 3
    assert await notes.update_one({"_id": "nobody"}, {"$inc": {"version": 1}}) == 0
    assert await notes.count_documents({"mood": Mood.GLAD}) == 3


async def test_a_delete_tells_how_many_there_were(notes: Collection[Note]) -> None:
    await notes.insert_many([note(1), note(2), note(3)])
    assert await notes.delete_one({}) == 1
    assert await notes.delete_many({}) == 2


async def test_an_aggregation_joins_nothing_but_what_is_asked(notes: Collection[Note]) -> None:
    await notes.insert_many([note(1, version=2), note(2, version=3)])
    assert await notes.run_pipeline([{"$group": {"_id": None, "sum": {"$sum": "$version"}}}]) == [
        {"_id": None, "sum": 5}
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"$set": {"shoe_size": 44}},
        {"$set": {"title": 44}},
        {"$set": {"body": "text"}},
        {"$set": {"at": "2027-01-01"}},
        {"$set": {"mood": "angry"}},
        {"$unset": {"title": ""}},
        {"$push": {"lines": {"text": "a", "at": NOON, "by": "somebody"}}},
        {"$push": {"lines": "text"}},
        {"$set": {"counts.x": "many"}},
    ],
)
async def test_c01_what_the_model_does_not_declare_cannot_be_written(
    notes: Collection[Note], change: dict[str, object]
) -> None:
    await notes.insert_one(note(1))
    with pytest.raises(SchemaValidationError):
        await notes.update_one({"_id": "note_1"}, change)
    assert await notes.get("note_1") == note(1)


async def test_c01_an_undeclared_field_is_refused_by_the_model_too() -> None:
    with pytest.raises(ValidationError, match="shoe_size"):
        note(1, shoe_size=44)


async def test_c01_a_planted_field_is_seen_in_a_sample(
    database: Database, notes: Collection[Note], planter: RawWriter
) -> None:
    await planter.write_raw(database, "notes", {**note(1).to_mongo(), "mood": "calm", "tags": [], "shoe_size": 44})
    assert [raw["shoe_size"] for raw in await notes.sample_documents(5)] == [44]


async def test_a_planted_field_does_not_hinder_the_reader_and_goes_with_the_next_replace(
    database: Database, notes: Collection[Note], planter: RawWriter
) -> None:
    await planter.write_raw(database, "notes", {**note(1).to_mongo(), "mood": "calm", "tags": [], "shoe_size": 44})
    found = await notes.get("note_1")
    assert found == note(1)
    await notes.replace_one(found)
    assert "shoe_size" not in (await planter.read_raw(database, "notes"))[0]


async def test_a_sample_is_no_larger_than_asked(notes: Collection[Note]) -> None:
    await notes.insert_many(note(number) for number in range(20))
    assert len(await notes.sample_documents(7)) == 7


async def test_a_filter_that_an_index_answers_in_part_finds_the_same(notes: Collection[Note]) -> None:
    await notes.insert_many(
        note(number, version=number % 3, mood=Mood.GLAD if number else Mood.CALM) for number in range(9)
    )
    some = {"_id": {"$in": [f"note_{number}" for number in range(7)]}, "version": 0}
    assert [each.id for each in await notes.list(some, sort=[("title", -1)], limit=2)] == ["note_6", "note_3"]
    assert await notes.count_documents(some) == 3
    assert await notes.count_documents({**some, "version": 5}) == 0
    assert await notes.find_one({"title": "title 3", "mood": "calm"}) is None
    found = await notes.find_one({"title": "title 3", "mood": "glad", "seen": None})
    assert found == note(3, version=0, mood=Mood.GLAD)


async def test_a_conditional_write_in_a_transaction_is_done_by_one_of_many(
    database: Database, notes: Collection[Note]
) -> None:
    await notes.insert_one(note(1))

    async def claim() -> int:
        return await notes.update_one({"_id": "note_1", "version": 0}, {"$inc": {"version": 1}})

    assert sum(await asyncio.gather(*(database.with_transaction(claim) for _ in range(8)))) == 1

    async def others() -> tuple[bool, int, int, int]:
        return (
            await notes.replace_one(note(1, version=9), expect={"version": 0}),
            await notes.delete_many({"_id": "note_1", "version": 0}),
            await notes.update_many({"_id": {"$in": ["note_1"]}, "version": 1}, {"$set": {"version": 2}}),
            await notes.delete_one({"title": "title 1", "version": 2}),
        )

    assert await database.with_transaction(others) == (False, 0, 1, 1)
    assert await notes.count_documents({}) == 0


async def test_updates_in_order_see_what_those_before_them_have_changed(notes: Collection[Note]) -> None:
    await notes.insert_many([note(1), note(2), note(3)])
    first = ({"_id": {"$in": ["note_1", "note_2"]}}, {"$set": {"version": 1}})
    await notes.update_in_order([first, ({"version": 1, "_id": "note_2"}, {"$set": {"version": 2}})])
    assert [found.version for found in await notes.list({}, sort=["_id"])] == [1, 2, 0]
    await notes.update_in_order([])


async def test_updates_in_order_keep_what_came_before_an_error_and_apply_nothing_after_it(
    notes: Collection[Note],
) -> None:
    await notes.insert_many([note(1), note(2), note(3)])
    clash = ({"_id": "note_2"}, {"$set": {"title": "title 1"}})
    with pytest.raises(DuplicateError):
        await notes.update_in_order(
            [({"_id": "note_1"}, {"$set": {"version": 1}}), clash, ({"_id": "note_3"}, {"$set": {"version": 1}})]
        )
    assert [found.version for found in await notes.list({}, sort=["_id"])] == [1, 0, 0]


async def test_updates_in_order_are_refused_in_a_transaction(database: Database, notes: Collection[Note]) -> None:
    async def work() -> None:
        await notes.update_in_order([({"_id": "note_1"}, {"$set": {"version": 1}})])

    with pytest.raises(TransactionMisuseError):
        await database.with_transaction(work)
