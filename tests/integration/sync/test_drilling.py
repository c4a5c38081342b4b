"""The restore drill: the newest backup is read back once a day, and one that cannot be is seen by the probe (C19)."""

from collections.abc import AsyncIterator

import pytest

from services.sync.domain.backups import Backup
from services.sync.store.documents import BackupRow
from shared.clock import utc_now
from shared.policy import State
from tests.integration.sync.house import MIB, DavClient, House


@pytest.fixture
async def backup(ada: DavClient, house: House) -> AsyncIterator[Backup]:
    """A backup of a small and a large file."""
    await ada.put("letter.txt", b"Dear Bob")
    await ada.put("film.bin", bytes(2 * MIB))
    backups = house.sync.backups
    asked = await backups.ask(at=utc_now())
    await backups.take(asked)
    held = await backups.rows.get(asked.id)
    assert held is not None
    yield held
    await backups.destroy(held.id, at=utc_now())


async def test_C19_a_drill_reads_the_backup_back_and_is_due_once_a_day(
    ada: DavClient, house: House, backup: Backup
) -> None:
    drilled = await house.sync.drilling.drill_if_due()
    assert drilled is not None
    assert (drilled.id, drilled.drill_failed) == (backup.id, False)
    assert await house.sync.drilling.drill_if_due() is None
    assert (await house.sync.probes.backups_end()).state is State.KEPT


async def test_C19_the_probe_sees_a_backup_that_cannot_be_read_back(ada: DavClient, house: House, backup: Backup) -> None:
    file = next((house.folder / "backups").rglob(backup.id))
    whole = file.read_bytes()
    file.write_bytes(whole[:-40] + b"\x00" + whole[-39:])
    drilled = await house.sync.drilling.drill(backup)
    assert drilled is not None
    assert drilled.drill_failed
    assert (await house.sync.probes.backups_end()).state is State.BROKEN


async def test_C19_a_checksum_that_was_recorded_otherwise_fails_the_drill(
    ada: DavClient, house: House, backup: Backup
) -> None:
    await house.chassis.db.collection(BackupRow).update({"_id": backup.id}, {"$set": {"sha256": "0" * 64}})
    drilled = await house.sync.drilling.drill_if_due()
    assert drilled is not None
    assert drilled.drill_failed
