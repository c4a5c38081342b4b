"""Replicas that share nothing but the database: contents and backups are there for all of them (SYNC_BLOBS=gridfs)."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from services.sync.store import BackupChunkRow, BlobChunkRow
from shared.clock import utc_now
from tests.integration.sync.house import MIB, DavClient, House, a_house, serving
from tests.support import Planter

BOOK = b"".join(b"%07d," % number for number in range(5 * MIB // 16))


@pytest.fixture(scope="module")
async def shared(
    mongo_url: str, amqp_url: str, planter: Planter, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """A replica whose disk holds nothing."""
    folder = tmp_path_factory.mktemp("sync")
    async with a_house(folder, mongo_url=mongo_url, amqp_url=amqp_url, blobs="gridfs") as opened:
        yield opened
        assert [path.name for path in folder.iterdir()] == ["keyring.json"]
    await planter.drop(opened.chassis.db.name)


@pytest.fixture(scope="module")
async def other(shared: House) -> AsyncIterator[House]:
    """Another replica."""
    async with serving(shared.chassis, shared.settings, shared.folder) as opened:
        opened.devices.known = shared.devices.known
        yield opened


async def _chunks(house: House) -> int:
    return await house.chassis.db.collection(BlobChunkRow).count({})


@pytest.fixture
def here(shared: House) -> DavClient:
    """A device of somebody new."""
    return shared.device()


async def test_what_one_replica_stored_the_other_reads_at_any_range(here: DavClient, other: House) -> None:
    there = replace(here, url=other.url, http=other.http)
    assert (await here.put("book.bin", BOOK)).status == 201
    assert (await there.get("book.bin")).body == BOOK
    ranged = await there.get("book.bin", {"Range": f"bytes={MIB - 3}-{MIB + 4}"})
    assert (ranged.status, ranged.body) == (206, BOOK[MIB - 3 : MIB + 5])


async def test_contents_are_sealed_stored_once_and_destroyed_after_their_last_user(here: DavClient, shared: House) -> None:
    before = await _chunks(shared)
    for name in ("a", "b"):
        await here.put(name, BOOK)
    await shared.collect()
    rows = await shared.chassis.db.collection(BlobChunkRow).list({})
    assert len(rows) - before == 3
    assert not any(BOOK[:100] in row.data for row in rows)
    await here.delete("a")
    await shared.collect()
    assert (await here.get("b")).body == BOOK
    await here.delete("b")
    await shared.collect()
    assert await _chunks(shared) == before


async def test_a_backup_that_one_replica_took_another_verifies_and_destroys(
    here: DavClient, shared: House, other: House
) -> None:
    await here.put("book.bin", BOOK)
    asked = await shared.sync.backups.ask(at=utc_now())
    await shared.sync.backups.take(asked)
    assert await other.sync.backups.verify(asked) >= 2
    await other.sync.backups.destroy(asked.id, at=utc_now())
    assert await shared.chassis.db.collection(BackupChunkRow).count({}) == 0
