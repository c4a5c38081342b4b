"""What was lost comes back from a backup, beside what is there; what was erased does not (C19, C31)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.sync.domain.backups import Backup
from services.sync.store import BackupRows
from services.sync.store.documents import BackupRow
from shared.clock import utc_now
from shared.ids import new_id
from shared.policy import State
from tests.integration.sync.house import MIB, Device, House
from tests.support.http import a_customer

LARGE = bytes(range(256)) * (9 * MIB // 1024)


@pytest.fixture
async def backup(ada: Device, house: House) -> AsyncIterator[Backup]:
    """A backup of Ada's files."""
    await ada.mkcol("work")
    await ada.put("work/letter.txt", b"Dear Bob")
    await ada.put("work/film.bin", LARGE)
    await ada.copy("work/film.bin", "work/twin.bin")
    await ada.put("work/größe", b"")
    backups = house.sync.backups
    asked = await backups.ask(at=utc_now())
    await backups.take(asked)
    held = await BackupRows(house.chassis.db).get(asked.id)
    assert held is not None
    yield held
    await backups.destroy(held.id, at=utc_now())


async def _asked(house: House, ada: Device, address: str, **body: Any) -> tuple[int, Any]:
    headers = {**house.trust.headers(a_customer(ada.account), at=utc_now()), "Idempotency-Key": new_id("key")}
    method = "POST" if body else "GET"
    async with house.http.request(method, f"{house.url}{address}", json=body or None, headers=headers) as reply:
        return reply.status, await reply.json(content_type=None)


async def test_a_folder_comes_back_beside_what_is_there_now(ada: Device, house: House, backup: Backup) -> None:
    await ada.put("work/letter.txt", b"Dear Carol")
    await ada.delete("work/film.bin")
    status, done = await _asked(house, ada, "/v1/sync/restores", backup_id=backup.id, path="work")
    assert (status, done["files"], done["folders"], done["missing"]) == (201, 4, 1, 0), done
    place = done["path"]
    assert place.startswith("work (restored ")
    assert (await ada.get(f"{place}/letter.txt")).body == b"Dear Bob"
    assert (await ada.get(f"{place}/film.bin")).body == (await ada.get(f"{place}/twin.bin")).body == LARGE
    assert (await ada.get(f"{place}/größe")).body == b""
    assert (await ada.get("work/letter.txt")).body == b"Dear Carol", "nothing is replaced"


async def test_a_file_comes_back_with_its_ending_and_as_often_as_it_is_asked_for(
    ada: Device, house: House, backup: Backup
) -> None:
    for number in (1, 2):
        status, done = await _asked(house, ada, "/v1/sync/restores", backup_id=backup.id, path="work/letter.txt")
        assert (status, done["files"]) == (201, 1), done
        assert done["path"].startswith("work/letter (restored ")
        assert done["path"].endswith(".txt")
        assert len(await ada.names("work")) == 4 + number


async def test_everything_comes_back_also_when_its_folder_is_gone(ada: Device, house: House, backup: Backup) -> None:
    await ada.delete("work")
    status, done = await _asked(house, ada, "/v1/sync/restores", backup_id=backup.id)
    assert (status, done["files"], done["folders"]) == (201, 4, 2), done
    assert (await ada.get(f"{done['path']}/work/film.bin")).body == LARGE
    status, done = await _asked(house, ada, "/v1/sync/restores", backup_id=backup.id, path="work/letter.txt")
    assert (status, "/" in done["path"]) == (201, False), "its folder is gone: it comes to the top"


async def test_each_sees_the_backups_that_hold_their_own_files(ada: Device, house: House, backup: Backup) -> None:
    bob = house.device()
    await bob.put("late.txt", b"late")
    assert [one["backup_id"] for one in (await _asked(house, ada, "/v1/sync/backups/mine"))[1]["items"]] == [backup.id]
    assert (await _asked(house, bob, "/v1/sync/backups/mine"))[1]["items"] == []
    assert (await _asked(house, bob, "/v1/sync/restores", backup_id=backup.id))[0] == 404
    assert (await _asked(house, ada, "/v1/sync/restores", backup_id=backup.id, path="nothing"))[0] == 404


async def test_C31_an_erased_account_is_not_restored(ada: Device, house: House, backup: Backup) -> None:
    erasing = house.sync.erasing
    await house.chassis.db.transact(lambda: erasing.begin(ada.account, new_id("era"), at=utc_now()))
    status, problem = await _asked(house, ada, "/v1/sync/restores", backup_id=backup.id)
    assert (status, problem["code"]) == (403, "sync.account_closed")
    assert (await _asked(house, ada, "/v1/sync/backups/mine"))[1]["items"] == []
    drilled = await house.sync.drilling.drill(backup)
    assert drilled is not None
    assert not drilled.drill_failed, "that it cannot be read is no failure"


async def test_C19_a_drill_reads_the_backup_back_and_is_due_once_a_day(
    ada: Device, house: House, backup: Backup
) -> None:
    drilled = await house.sync.drilling.drill_if_due()
    assert drilled is not None
    assert (drilled.id, drilled.drill_failed) == (backup.id, False)
    assert await house.sync.drilling.drill_if_due() is None
    assert (await house.sync.probes.backups_end()).state is State.KEPT


async def test_C19_the_probe_sees_a_backup_that_cannot_be_read_back(ada: Device, house: House, backup: Backup) -> None:
    file = next((house.folder / "backups").rglob(backup.id))
    whole = file.read_bytes()
    file.write_bytes(whole[:-40] + b"\x00" + whole[-39:])
    drilled = await house.sync.drilling.drill(backup)
    assert drilled is not None
    assert drilled.drill_failed
    assert (await house.sync.probes.backups_end()).state is State.BROKEN


async def test_C19_a_checksum_that_was_recorded_otherwise_fails_the_drill(
    ada: Device, house: House, backup: Backup
) -> None:
    await house.chassis.db.collection(BackupRow).update({"_id": backup.id}, {"$set": {"sha256": "0" * 64}})
    drilled = await house.sync.drilling.drill_if_due()
    assert drilled is not None
    assert drilled.drill_failed
