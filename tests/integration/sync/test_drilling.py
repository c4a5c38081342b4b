"""The restore drill: the newest backup is read back once a day, and one that cannot be is seen by the probe (C19)."""

from collections.abc import AsyncIterator

import pytest

from services.sync.domain.backups import Backup
from services.sync.store.documents import BackupDocument
from shared.clock import utc_now
from shared.policy import PromiseState
from tests.integration.sync.harness import MIB, DavClient, SyncHarness


@pytest.fixture
async def backup(ada: DavClient, harness: SyncHarness) -> AsyncIterator[Backup]:
    """A backup of a small and a large file."""
    await ada.put("letter.txt", b"Dear Bob")
    await ada.put("film.bin", bytes(2 * MIB))
    backups = harness.sync.backups
    asked = await backups.request(at=utc_now())
    await backups.create(asked)
    held = await backups.repository.get(asked.id)
    assert held is not None
    yield held
    await backups.delete(held.id, at=utc_now())


async def test_C19_a_drill_reads_the_backup_back_and_is_due_once_a_day(
    ada: DavClient, harness: SyncHarness, backup: Backup
) -> None:
    drilled = await harness.sync.restore_drill.run_if_due()
    assert drilled is not None
    assert (drilled.id, drilled.drill_failed) == (backup.id, False)
    assert await harness.sync.restore_drill.run_if_due() is None
    assert (await harness.sync.probes.backups_end()).state is PromiseState.KEPT


async def test_C19_the_probe_sees_a_backup_that_cannot_be_read_back(
    ada: DavClient, harness: SyncHarness, backup: Backup
) -> None:
    file = next((harness.folder / "backups").rglob(backup.id))
    whole = file.read_bytes()
    file.write_bytes(whole[:-40] + b"\x00" + whole[-39:])
    drilled = await harness.sync.restore_drill.run_drill(backup)
    assert drilled is not None
    assert drilled.drill_failed
    assert (await harness.sync.probes.backups_end()).state is PromiseState.BROKEN


async def test_C19_a_checksum_that_was_recorded_otherwise_fails_the_drill(
    ada: DavClient, harness: SyncHarness, backup: Backup
) -> None:
    await harness.chassis.db.get_collection(BackupDocument).update_one(
        {"_id": backup.id}, {"$set": {"sha256": "0" * 64}}
    )
    drilled = await harness.sync.restore_drill.run_if_due()
    assert drilled is not None
    assert drilled.drill_failed
