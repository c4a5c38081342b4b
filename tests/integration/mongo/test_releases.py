"""Two releases run side by side during an upgrade, and start in any order: neither breaks the other."""

from collections.abc import AsyncIterator
from typing import ClassVar

import pytest

from shared.mongo import Database, Document, Index, SchemaValidationError, open_database
from shared.policy import PromiseState
from shared.promises.common import undeclared_fields_probe
from shared.release import version_key
from tests.support import RawWriter


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
    older: Database, newer: Database, planter: RawWriter
) -> None:
    await older.ensure_collections([Visit])
    await newer.ensure_collections([NextVisit])
    await older.ensure_collections([Visit])
    await newer.get_collection(NextVisit).insert_one(NextVisit(id="v1", place="here", guests=2))
    assert "guests_1" in await planter.list_indexes(newer, "visits")


async def test_both_write_and_each_reads_what_the_other_wrote(older: Database, newer: Database) -> None:
    await newer.ensure_collections([NextVisit])
    await older.ensure_collections([Visit])
    await older.get_collection(Visit).insert_one(Visit(id="old", place="there"))
    await newer.get_collection(NextVisit).insert_one(NextVisit(id="new", place="here", guests=2))
    assert await older.get_collection(Visit).get("new") == Visit(id="new", place="here")
    assert await newer.get_collection(NextVisit).get("old") == NextVisit(id="old", place="there", guests=None)


async def test_what_neither_declares_is_refused_to_both(older: Database, newer: Database) -> None:
    class Stray(Visit):
        stray: int = 0

    await newer.ensure_collections([NextVisit])
    await older.ensure_collections([Visit])
    for database in (older, newer):
        with pytest.raises(SchemaValidationError):
            await database.get_collection(Stray).insert_one(Stray(id="x", place="here"))


async def test_C01_an_older_process_does_not_take_the_fields_of_a_newer_one_for_a_breach(
    older: Database, newer: Database, planter: RawWriter
) -> None:
    await newer.ensure_collections([NextVisit])
    await planter.write_raw(newer, "visits", {"_id": "p", "place": "here", "whatever": 1})
    assert (await undeclared_fields_probe(older, [Visit]).check()).state is PromiseState.KEPT
    assert (await undeclared_fields_probe(newer, [NextVisit]).check()).state is PromiseState.BROKEN


async def test_the_next_release_takes_over_where_the_older_one_was(older: Database, newer: Database) -> None:
    await older.ensure_collections([Visit])
    assert not await older.has_newer_schema(Visit)
    await newer.ensure_collections([NextVisit])
    assert await older.has_newer_schema(Visit)
    assert not await newer.has_newer_schema(NextVisit)


def test_releases_are_ordered_by_number_not_by_letter() -> None:
    assert version_key("0.10.0") > version_key("0.9.1") > version_key("0.9") > version_key("0")
