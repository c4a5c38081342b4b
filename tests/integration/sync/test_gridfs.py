"""Replicas that share nothing but the database: contents and backups are there for all (SYNC_BLOB_STORE=gridfs)."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from services.sync.store import BackupChunkDocument, BlobChunkDocument
from shared.clock import utc_now
from tests.integration.sync.harness import MIB, DavClient, SyncHarness, open_harness, serving
from tests.support import RawWriter

BOOK = b"".join(b"%07d," % number for number in range(5 * MIB // 16))


@pytest.fixture(scope="module")
async def shared(
    mongo_url: str, amqp_url: str, planter: RawWriter, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[SyncHarness]:
    """A replica whose disk holds nothing."""
    folder = tmp_path_factory.mktemp("sync")
    async with open_harness(folder, mongo_url=mongo_url, amqp_url=amqp_url, blobs="gridfs") as opened:
        yield opened
        assert [path.name for path in folder.iterdir()] == ["keyring.json"]
    await planter.drop_database(opened.chassis.db.name)


@pytest.fixture(scope="module")
async def other(shared: SyncHarness) -> AsyncIterator[SyncHarness]:
    """Another replica."""
    async with serving(shared.chassis, shared.settings, shared.folder) as opened:
        opened.devices.known = shared.devices.known
        yield opened


async def _chunks(harness: SyncHarness) -> int:
    return await harness.chassis.db.get_collection(BlobChunkDocument).count_documents({})


@pytest.fixture
def here(shared: SyncHarness) -> DavClient:
    """A device of a new customer."""
    return shared.device()


async def test_what_one_replica_stored_the_other_reads_at_any_range(here: DavClient, other: SyncHarness) -> None:
    there = replace(here, url=other.url, http=other.http)
    assert (await here.put("book.bin", BOOK)).status == 201
    assert (await there.get("book.bin")).body == BOOK
    ranged = await there.get("book.bin", {"Range": f"bytes={MIB - 3}-{MIB + 4}"})
    assert (ranged.status, ranged.body) == (206, BOOK[MIB - 3 : MIB + 5])


async def test_contents_are_sealed_stored_once_and_destroyed_after_their_last_user(
    here: DavClient, shared: SyncHarness
) -> None:
    before = await _chunks(shared)
    for name in ("a", "b"):
        await here.put(name, BOOK)
    await shared.collect()
    rows = await shared.chassis.db.get_collection(BlobChunkDocument).list({})
    assert len(rows) - before == 3
    assert not any(BOOK[:100] in row.data for row in rows)
    await here.delete("a")
    await shared.collect()
    assert (await here.get("b")).body == BOOK
    await here.delete("b")
    await shared.collect()
    assert await _chunks(shared) == before


async def test_a_backup_that_one_replica_took_another_verifies_and_destroys(
    here: DavClient, shared: SyncHarness, other: SyncHarness
) -> None:
    await here.put("book.bin", BOOK)
    asked = await shared.sync.backups.request(at=utc_now())
    await shared.sync.backups.create(asked)
    assert await other.sync.backups.verify(asked) >= 2
    await other.sync.backups.delete(asked.id, at=utc_now())
    assert await shared.chassis.db.get_collection(BackupChunkDocument).count_documents({}) == 0
