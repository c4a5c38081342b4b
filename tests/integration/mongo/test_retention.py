"""C17: what has a limit is gone when it has passed, and what is overdue is seen."""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

import pytest

from shared.mongo import Database, Document, RetentionSweeper, build_data_map
from shared.personal import UNTIL_ERASED, Category, Personal, retain_for
from shared.policy import Purpose
from tests.support import NOON, FixedClock, RawWriter


class Sighting(Document):
    """Two limits from one time, one from another; the shortest of each counts."""

    collection: ClassVar[str] = "sightings"
    subject: ClassVar[str | None] = "account_id"

    account_id: Annotated[str, Personal(Category.PSEUDONYM, {Purpose.OPERATIONS}, UNTIL_ERASED)]
    created_at: datetime
    closed_at: datetime | None = None
    place: Annotated[str, Personal(Category.USAGE, {Purpose.OPERATIONS}, retain_for(30))] = ""
    device: Annotated[str, Personal(Category.DEVICE, {Purpose.OPERATIONS, Purpose.SECURITY}, retain_for(7))] = ""
    reason: Annotated[str, Personal(Category.LEGAL, {Purpose.OPERATIONS}, retain_for(1, since="closed_at"))] = ""


class Kept(Document):
    collection: ClassVar[str] = "kept"

    created_at: datetime


@pytest.fixture
async def sweeper(database: Database, clock: FixedClock) -> RetentionSweeper:
    await database.ensure_collections([Sighting, Kept])
    return RetentionSweeper(database, [Sighting, Kept], clock)


async def store(database: Database, name: str, *, age: timedelta, closed: timedelta | None = None) -> None:
    closed_at = None if closed is None else NOON - closed
    sighting = Sighting(id=name, account_id="acc_1", created_at=NOON - age, closed_at=closed_at)
    await database.get_collection(Sighting).insert_one(sighting)


async def left(database: Database) -> list[str]:
    return [one.id for one in await database.get_collection(Sighting).list({}, sort=["_id"])]


async def test_C17_the_shortest_limit_erases_and_not_a_moment_early(
    database: Database, sweeper: RetentionSweeper
) -> None:
    await store(database, "due", age=timedelta(days=7))
    await store(database, "young", age=timedelta(days=7) - timedelta(milliseconds=1))
    assert await sweeper.delete_expired() == {"sightings": 1}
    assert await left(database) == ["young"]


async def test_C17_a_limit_that_counts_from_another_time_waits_for_it(
    database: Database, sweeper: RetentionSweeper
) -> None:
    await store(database, "open", age=timedelta(days=3))
    await store(database, "closed", age=timedelta(days=3), closed=timedelta(days=2))
    assert await sweeper.delete_expired() == {"sightings": 1}
    assert await left(database) == ["open"]


async def test_C17_what_has_no_limit_stays(database: Database, sweeper: RetentionSweeper) -> None:
    await database.get_collection(Kept).insert_one(Kept(id="k", created_at=NOON - timedelta(days=9999)))
    assert await sweeper.delete_expired() == {}
    assert await database.get_collection(Kept).count_documents({}) == 1


async def test_C17_what_a_sweep_has_missed_is_overdue_after_its_grace(
    database: Database, sweeper: RetentionSweeper
) -> None:
    await store(database, "just", age=timedelta(days=7, minutes=59))
    assert await sweeper.count_overdue() == 0
    await store(database, "long", age=timedelta(days=7, minutes=61))
    assert await sweeper.count_overdue() == 1


async def test_C17_a_sweep_goes_on_where_many_are_due(
    database: Database, sweeper: RetentionSweeper, planter: RawWriter
) -> None:
    many = [Sighting(id=f"s{n}", account_id="acc_1", created_at=NOON - timedelta(days=8)) for n in range(2_500)]
    await database.get_collection(Sighting).insert_many(many)
    assert await sweeper.delete_expired() == {"sightings": 2_500}
    assert await planter.read_raw(database, "sightings") == []


def test_a_limit_that_counts_from_a_missing_field_is_refused(database: Database, clock: FixedClock) -> None:
    class Forgetful(Document):
        collection: ClassVar[str] = "forgetful"
        seen: Annotated[str, Personal(Category.USAGE, {Purpose.OPERATIONS}, retain_for(1, since="seen_at"))]

    with pytest.raises(TypeError, match="seen_at"):
        RetentionSweeper(database, [Forgetful], clock)


def test_the_data_map_tells_each_personal_field_its_purposes_and_its_limit() -> None:
    (entry,) = build_data_map([Sighting])
    assert entry["subject"] == "account_id"
    assert entry["fields"][0] == {
        "field": "account_id",
        "category": "pseudonym",
        "purposes": ["operations"],
        "retention": "until erased",
    }
    assert [field["retention"] for field in entry["fields"][1:]] == [
        "30 days after created_at",
        "7 days after created_at",
        "1 days after closed_at",
    ]
    assert entry["fields"][2]["purposes"] == ["operations", "security"]
