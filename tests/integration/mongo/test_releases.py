"""Two releases run side by side during an upgrade, and start in any order: neither breaks the other."""

from collections.abc import AsyncIterator
from typing import ClassVar

import pytest

from shared.mongo import Database, Document, Index, UndeclaredError, open_database
from shared.policy import State
from shared.promises.common import closed_documents
from shared.release import order
from tests.support import Planter


class Visit(Document):
    collection: ClassVar[str] = "visits"
    indexes: ClassVar[tuple[Index, ...]] = (Index("place"),)

    place: str


class NextVisit(Visit):
    """The same in the next release, which has expanded it by a field and an index."""

    indexes: ClassVar[tuple[Index, ...]] = (Index("place"), Index("guests"))

    guests: int | None = None


@pytest.fixture
async def older(database: Database, mongo_url: str, mongo_driver: str) -> AsyncIterator[Database]:
    async with open_database(mongo_url, database.name, driver=mongo_driver, release="0.9.1") as opened:
        yield opened


@pytest.fixture
async def newer(database: Database, mongo_url: str, mongo_driver: str) -> AsyncIterator[Database]:
    async with open_database(mongo_url, database.name, driver=mongo_driver, release="0.10.0") as opened:
        yield opened


async def test_an_older_process_that_restarts_takes_nothing_from_the_newer_one(
    older: Database, newer: Database, planter: Planter
) -> None:
    await older.prepare([Visit])
    await newer.prepare([NextVisit])
    await older.prepare([Visit])
    await newer.collection(NextVisit).insert(NextVisit(id="v1", place="here", guests=2))
    assert "guests_1" in await planter.indexes(newer, "visits")


async def test_both_write_and_each_reads_what_the_other_wrote(older: Database, newer: Database) -> None:
    await newer.prepare([NextVisit])
    await older.prepare([Visit])
    await older.collection(Visit).insert(Visit(id="old", place="there"))
    await newer.collection(NextVisit).insert(NextVisit(id="new", place="here", guests=2))
    assert await older.collection(Visit).get("new") == Visit(id="new", place="here")
    assert await newer.collection(NextVisit).get("old") == NextVisit(id="old", place="there", guests=None)


async def test_what_neither_declares_is_refused_to_both(older: Database, newer: Database) -> None:
    class Stray(Visit):
        stray: int = 0

    await newer.prepare([NextVisit])
    await older.prepare([Visit])
    for database in (older, newer):
        with pytest.raises(UndeclaredError):
            await database.collection(Stray).insert(Stray(id="x", place="here"))


async def test_C01_an_older_process_does_not_take_the_fields_of_a_newer_one_for_a_breach(
    older: Database, newer: Database, planter: Planter
) -> None:
    await newer.prepare([NextVisit])
    await planter.plant(newer, "visits", {"_id": "p", "place": "here", "whatever": 1})
    assert (await closed_documents(older, [Visit]).look()).state is State.KEPT
    assert (await closed_documents(newer, [NextVisit]).look()).state is State.BROKEN


async def test_the_next_release_takes_over_where_the_older_one_was(older: Database, newer: Database) -> None:
    await older.prepare([Visit])
    assert not await older.newer_in_force(Visit)
    await newer.prepare([NextVisit])
    assert await older.newer_in_force(Visit)
    assert not await newer.newer_in_force(NextVisit)


def test_releases_are_ordered_by_number_not_by_letter() -> None:
    assert order("0.10.0") > order("0.9.1") > order("0.9") > order("0")
