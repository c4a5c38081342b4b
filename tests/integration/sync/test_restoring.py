"""What was lost comes back from a backup, beside what is there; what was erased does not (C19, C31)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import cast

import pytest

from services.sync.domain.backups import Backup
from services.sync.domain.restores import MAX_ATTEMPTS_WITHOUT_PROGRESS, MAX_PENDING_RESTORES, RestoreProgress
from services.sync.errors import BackupPathNotFoundError, QuotaExceededError
from services.sync.service.backup.backups import BackupService
from services.sync.service.restore.executor import RestoreExecutor
from services.sync.store import AccountUsages, Contents
from services.sync.store.documents import ContentDocument, RestoreDocument
from services.sync.store.restores import UnfinishedRestore
from shared.clock import utc_now
from shared.errors import UnavailableError
from shared.ids import new_id
from tests.integration.sync.harness import MIB, DavClient, SyncHarness
from tests.integration.sync.restores import (
    RESTORES,
    asking,
    begun,
    broken_off,
    contents_in,
    folders_back,
    is_running,
    names_in,
    restored,
    state_of,
    stopped_midway,
)

LARGE = bytes(range(256)) * (9 * MIB // 1024)


@pytest.fixture
async def backup(ada: DavClient, harness: SyncHarness) -> AsyncIterator[Backup]:
    """A backup of Ada's files."""
    await ada.mkcol("holiday")
    await ada.put("holiday/letter.txt", b"Dear Bob")
    await ada.put("holiday/film.bin", LARGE)
    await ada.copy("holiday/film.bin", "holiday/twin.bin")
    await ada.put("holiday/größe", b"")
    held = await _backed_up(harness.sync.backups)
    yield held
    await harness.sync.backups.delete(held.id, at=utc_now())


@pytest.fixture
async def many(ada: DavClient, harness: SyncHarness) -> AsyncIterator[Backup]:
    """A backup of forty small files and a large one in two folders."""
    for folder in ("shelf", "shelf/below"):
        await ada.mkcol(folder)
        await asyncio.gather(
            *(ada.put(f"{folder}/{number}.txt", f"{folder} {number}".encode()) for number in range(20))
        )
    await ada.put("shelf/film.bin", LARGE)
    held = await _backed_up(harness.sync.backups)
    yield held
    await harness.sync.backups.delete(held.id, at=utc_now())


async def _backed_up(backups: BackupService) -> Backup:
    asked = await backups.request(at=utc_now())
    await backups.create(asked)
    held = await backups.repository.get(asked.id)
    assert held is not None
    return held


async def test_a_folder_comes_back_beside_what_is_there_now(
    ada: DavClient, harness: SyncHarness, backup: Backup
) -> None:
    await ada.put("holiday/letter.txt", b"Dear Carol")
    await ada.delete("holiday/film.bin")
    done = await restored(harness, ada, backup_id=backup.id, path="holiday")
    counts = {name: done[name] for name in ("state", "path", "files", "folders", "bytes", "missing", "failure")}
    size = 2 * len(LARGE) + len(b"Dear Bob")
    whole = {"files": 4, "folders": 1, "bytes": size, "missing": 0, "failure": None}
    assert counts == {"state": "succeeded", "path": "holiday", **whole}
    assert (done["files_total"], done["bytes_total"]) == (4, size)
    place = done["restored_to"]
    assert place.startswith("holiday (restored ")
    assert (await ada.get(f"{place}/letter.txt")).body == b"Dear Bob"
    assert (await ada.get(f"{place}/film.bin")).body == (await ada.get(f"{place}/twin.bin")).body == LARGE
    assert (await ada.get(f"{place}/größe")).body == b""
    assert (await ada.get("holiday/letter.txt")).body == b"Dear Carol", "nothing is replaced"


async def test_a_file_comes_back_with_its_ending_and_as_often_as_it_is_asked_for(
    ada: DavClient, harness: SyncHarness, backup: Backup
) -> None:
    for number in (1, 2):
        done = await restored(harness, ada, backup_id=backup.id, path="holiday/letter.txt")
        assert (done["state"], done["files"]) == ("succeeded", 1), done
        assert done["restored_to"].startswith("holiday/letter (restored ")
        assert done["restored_to"].endswith(".txt")
        assert len(await ada.names("holiday")) == 4 + number


async def test_everything_comes_back_also_when_its_folder_is_gone(
    ada: DavClient, harness: SyncHarness, backup: Backup
) -> None:
    await ada.delete("holiday")
    done = await restored(harness, ada, backup_id=backup.id)
    assert (done["state"], done["path"], done["files"], done["folders"]) == ("succeeded", None, 4, 2), done
    assert (await ada.get(f"{done['restored_to']}/holiday/film.bin")).body == LARGE
    done = await restored(harness, ada, backup_id=backup.id, path="holiday/letter.txt")
    assert (done["state"], "/" in done["restored_to"]) == ("succeeded", False), (
        "its folder is gone: it comes to the top"
    )


async def test_dead_properties_come_back(ada: DavClient, harness: SyncHarness) -> None:
    for path in ("a.txt", "b.txt"):
        await ada.put(path, b"note")
        prop = f'<x:colour xmlns:x="urn:x">{path}</x:colour>'
        body = f'<propertyupdate xmlns="DAV:"><set><prop>{prop}</prop></set></propertyupdate>'
        assert (await ada.ask("PROPPATCH", path, {}, body)).status == 207
    held = await _backed_up(harness.sync.backups)
    place = (await restored(harness, ada, backup_id=held.id))["restored_to"]
    for path in ("a.txt", "b.txt"):
        reply = await ada.ask(
            "PROPFIND", f"{place}/{path}", {"Depth": "0"}, '<propfind xmlns="DAV:"><allprop/></propfind>'
        )
        assert f">{path}</" in reply.body.decode()
    await harness.sync.backups.delete(held.id, at=utc_now())


async def test_however_often_it_is_broken_off_everything_comes_back_once(
    ada: DavClient, harness: SyncHarness, many: Backup
) -> None:
    one, tries = await begun(harness, ada, backup_id=many.id, path="shelf"), 0
    await stopped_midway(harness, ada, one)
    # An attempt that is cancelled while it claims may claim a moment later: then the next one finds itself superseded.
    while not await broken_off(harness, one, after=0.01 * 1.2**tries) or await is_running(harness, ada, one):
        tries += 1  # ever longer: on the slowest machine one succeeds before MAX_ATTEMPTS_WITHOUT_PROGRESS
    done = await state_of(harness, ada, one)
    assert (done["state"], done["files"], done["folders"]) == ("succeeded", 41, 2), done
    assert await contents_in(ada, done["restored_to"]) == await contents_in(ada, "shelf")
    assert await names_in(ada) == {"shelf/", f"{done['restored_to']}/"}, "there is no second copy"
    assert await harness.usage(ada) == (82, 2 * done["bytes"])
    assert await harness.has_no_room_reserved(ada)


async def test_two_workers_at_once_make_nothing_twice(ada: DavClient, harness: SyncHarness, many: Backup) -> None:
    one, jobs = await begun(harness, ada, backup_id=many.id, path="shelf"), harness.sync.restore_worker
    await asyncio.gather(jobs.run_attempt(one), jobs.run_attempt(one), jobs.run_attempt(one))
    while (done := await state_of(harness, ada, one))["state"] == "running":
        await jobs.run_attempt(one)
    assert (done["state"], done["files"]) == ("succeeded", 41), done
    assert await harness.usage(ada) == (82, 2 * done["bytes"])


async def test_it_goes_on_where_the_customer_has_moved_it_and_leaves_out_what_they_deleted(
    ada: DavClient, harness: SyncHarness, many: Backup
) -> None:
    one = await begun(harness, ada, backup_id=many.id, path="shelf")
    await ada.move(await stopped_midway(harness, ada, one), "mine")
    await ada.delete("mine/below")
    await ada.put("mine/5.txt", b"my own")
    while not await harness.sync.restore_worker.run_attempt(one):
        """Once more."""
    done = await state_of(harness, ada, one)
    assert (done["state"], done["failure"]) == ("succeeded", None)
    found = await contents_in(ada, "mine")
    assert found["5.txt"] == b"my own"
    assert found["film.bin"] == LARGE
    assert await ada.names() == {"shelf/", "mine/"}


async def test_it_follows_its_folder_when_that_is_moved_under_way(
    ada: DavClient, harness: SyncHarness, many: Backup
) -> None:
    one = await begun(harness, ada, backup_id=many.id, path="shelf")
    attempt = asyncio.create_task(harness.sync.restore_worker.run_attempt(one))
    await ada.move(await folders_back(ada), "mine")
    if not await attempt:  # the film was on its way to the old place: it is read once more
        assert await harness.sync.restore_worker.run_attempt(one)
    done = await state_of(harness, ada, one)
    assert (done["state"], done["files"], done["failure"]) == ("succeeded", 41, None)
    assert await contents_in(ada, "mine") == await contents_in(ada, "shelf")
    assert await ada.names() == {"shelf/", "mine/"}


async def test_what_was_deleted_altogether_ends_it(ada: DavClient, harness: SyncHarness, many: Backup) -> None:
    one = await begun(harness, ada, backup_id=many.id, path="shelf")
    await ada.delete(await stopped_midway(harness, ada, one))
    await harness.sync.restore_worker.run_attempt(one)
    done = await state_of(harness, ada, one)
    assert (done["state"], done["failure"]["code"]) == ("failed", "sync.restore.target_deleted")


async def test_one_that_has_no_room_fails_with_the_remedy_before_it_writes(
    ada: DavClient, harness: SyncHarness, backup: Backup
) -> None:
    jobs = harness.sync.restore_worker
    small = AccountUsages(harness.chassis.db, quota_bytes=3 * len(LARGE))
    trees = replace(jobs.executor.trees, usages=small)
    crowded = replace(jobs, executor=replace(jobs.executor, trees=trees))
    one = await begun(harness, ada, backup_id=backup.id)
    await crowded.run_attempt(one)
    done = await state_of(harness, ada, one)
    assert (done["state"], done["failure"]["code"], done["files"]) == ("failed", "sync.quota.exceeded", 0)
    assert "room for" in done["failure"]["detail"]
    assert done["failure"]["remedy"] == QuotaExceededError.remedy
    assert await ada.names() == {"holiday/"}


async def test_a_file_that_the_backup_cannot_open_costs_no_other_one(ada: DavClient, harness: SyncHarness) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        await ada.put(name, name.encode())
    contents, damaged = (
        harness.chassis.db.get_collection(ContentDocument),
        b"damaged at rest, before the backup was taken",
    )
    await contents.update_one({"account": ada.account}, {"$set": {"inline": damaged}})
    fresh = Contents(harness.chassis.db)  # which has not the true bytes in memory
    held = await _backed_up(replace(harness.sync.backups, contents=fresh))
    done = await restored(harness, ada, backup_id=held.id)
    assert (done["state"], done["files"], done["missing"]) == ("succeeded", 2, 1), done
    await harness.sync.backups.delete(held.id, at=utc_now())


async def test_it_is_given_up_after_many_attempts_that_brought_nothing(
    ada: DavClient, harness: SyncHarness, backup: Backup
) -> None:
    one = await begun(harness, ada, backup_id=backup.id)
    rows = harness.chassis.db.get_collection(RestoreDocument)
    await rows.update_one({"_id": one.restore}, {"$set": {"attempts_without_progress": MAX_ATTEMPTS_WITHOUT_PROGRESS}})
    assert await harness.sync.restore_worker.run_attempt(one)
    assert (await state_of(harness, ada, one))["failure"]["code"] == "sync.restore.abandoned"


class Away:
    """Brings nothing back: a part that it needs is away."""

    async def execute(self, *_: object) -> RestoreProgress:
        raise UnavailableError


async def test_one_that_must_wait_says_why_in_the_log_and_what_became_of_it(
    ada: DavClient, harness: SyncHarness, backup: Backup, capsys: pytest.CaptureFixture[str]
) -> None:
    one, jobs = await begun(harness, ada, backup_id=backup.id, path="holiday/letter.txt"), harness.sync.restore_worker
    assert not await replace(jobs, executor=cast("RestoreExecutor", Away())).run_attempt(one)
    assert await jobs.run_attempt(one)
    told = [line for line in capsys.readouterr().out.splitlines() if one.restore in line]
    assert ["restore.postponed" in told[0], "core.service.unavailable" in told[0]] == [True, True]
    assert "restore.ended" in told[-1]
    assert "letter" not in "".join(told)


async def test_each_sees_their_own_backups_and_restores(ada: DavClient, harness: SyncHarness, backup: Backup) -> None:
    bob = harness.device()
    await bob.put("late.txt", b"late")
    done = await restored(harness, ada, backup_id=backup.id, path="holiday/letter.txt")
    assert [one["backup_id"] for one in (await asking(harness, ada, "/v1/sync/backups/mine"))[1]["items"]] == [
        backup.id
    ]
    assert (await asking(harness, bob, "/v1/sync/backups/mine"))[1]["items"] == []
    assert (await asking(harness, bob, f"{RESTORES}/{done['restore_id']}"))[0] == 404
    assert (await asking(harness, bob, RESTORES))[1]["items"] == []


async def test_what_cannot_be_restored_is_refused_at_once(ada: DavClient, harness: SyncHarness, backup: Backup) -> None:
    bob = harness.device()
    await bob.put("late.txt", b"late")
    refusals = {
        (await asking(harness, bob, RESTORES, backup_id=backup.id))[1]["code"],
        (await asking(harness, ada, RESTORES, backup_id=new_id("bak")))[1]["code"],
        (await asking(harness, ada, RESTORES, backup_id=backup.id, path="a/../b"))[1]["code"],
    }
    assert refusals == {"sync.backup.not_found", "sync.path.invalid"}
    assert (await asking(harness, ada, RESTORES))[1]["items"] == []


async def test_a_path_that_the_backup_does_not_hold_is_refused_at_once_where_that_is_cheap(
    ada: DavClient, harness: SyncHarness, backup: Backup
) -> None:
    restoring, wanted = harness.sync.restores, (ada.account, backup.id, ("nothing",))
    with pytest.raises(BackupPathNotFoundError):
        await replace(restoring, max_prechecked_bytes=1 << 40).request(*wanted, idempotency_key="small", at=utc_now())
    asked = await replace(restoring, max_prechecked_bytes=0).request(
        *wanted, idempotency_key=new_id("key"), at=utc_now()
    )
    one = UnfinishedRestore(asked.id, ada.account)
    assert await harness.sync.restore_worker.run_attempt(one)
    assert (await state_of(harness, ada, one))["failure"]["code"] == "sync.backup_path.not_found"


async def test_a_repeated_request_is_one_restore_and_the_list_has_pages(
    ada: DavClient, harness: SyncHarness, backup: Backup
) -> None:
    wanted = {"backup_id": backup.id, "path": "holiday/letter.txt"}
    first, again = [(await asking(harness, ada, RESTORES, key="same", **wanted))[1]["restore_id"] for _ in range(2)]
    assert first == again
    ids = [first] + [
        (await asking(harness, ada, RESTORES, **wanted))[1]["restore_id"] for _ in range(MAX_PENDING_RESTORES - 1)
    ]
    assert (await asking(harness, ada, RESTORES, **wanted))[1]["code"] == "sync.restore.too_many"
    page, seen = (await asking(harness, ada, f"{RESTORES}?limit=4"))[1], list[str]()
    while page["next_cursor"]:
        seen += [one["restore_id"] for one in page["items"]]
        page = (await asking(harness, ada, f"{RESTORES}?limit=4&cursor={page['next_cursor']}"))[1]
    assert [*seen, *(one["restore_id"] for one in page["items"])] == ids[::-1]


async def test_workers_do_one_of_an_account_at_a_time_and_all_in_the_end(
    ada: DavClient, harness: SyncHarness, backup: Backup
) -> None:
    bob = harness.device()
    await bob.put("b.txt", b"b")
    held = await _backed_up(harness.sync.backups)
    for _ in range(3):
        await begun(harness, ada, backup_id=backup.id, path="holiday")
    await begun(harness, bob, backup_id=held.id)
    working, states = asyncio.create_task(harness.sync.restore_worker.run()), ["pending"]
    async with asyncio.timeout(20):
        while set(states) != {"succeeded"}:
            states = [one["state"] for one in (await asking(harness, ada, RESTORES))[1]["items"]]
            assert states.count("running") <= 1
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    assert [one["state"] for one in (await asking(harness, bob, RESTORES))[1]["items"]] == ["succeeded"]


async def test_C26_restores_are_exported_to_their_owner(ada: DavClient, harness: SyncHarness, backup: Backup) -> None:
    done = await restored(harness, ada, backup_id=backup.id, path="holiday/letter.txt")
    page = await harness.sync.events.account_export.export_page(ada.account, "")
    [content] = [content for path, content in page.items if path == "restores.json"]
    assert done["restore_id"].encode() in content
    assert b"holiday/letter.txt" in content
    row = await harness.chassis.db.get_collection(RestoreDocument).get(done["restore_id"])
    assert row is not None
    assert b"letter" not in row.path + (row.destination or b""), "names are sealed at rest"


async def test_C31_an_erased_account_is_not_restored(ada: DavClient, harness: SyncHarness, backup: Backup) -> None:
    one = await begun(harness, ada, backup_id=backup.id)
    erasing, erasure = harness.sync.account_eraser, new_id("era")
    await harness.chassis.db.with_transaction(lambda: erasing.start(ada.account, erasure, at=utc_now()))
    erasing.invalidate(ada.account)
    status, problem = await asking(harness, ada, RESTORES, backup_id=backup.id)
    assert (status, problem["code"]) == (403, "sync.account.closed")
    assert (await asking(harness, ada, "/v1/sync/backups/mine"))[1]["items"] == []
    await harness.sync.restore_worker.run_attempt(one)
    await erasing.complete_pending()
    assert await harness.chassis.db.get_collection(RestoreDocument).get(one.restore) is None
    drilled = await harness.sync.restore_drill.run_drill(backup)
    assert drilled is not None
    assert not drilled.drill_failed, "that it cannot be read is no failure"


async def test_C31_an_erasure_ends_a_restore_that_is_under_way(
    ada: DavClient, harness: SyncHarness, many: Backup
) -> None:
    one, erasing = await begun(harness, ada, backup_id=many.id), harness.sync.account_eraser
    working = asyncio.create_task(harness.sync.restore_worker.run_attempt(one))
    await asyncio.sleep(0.1)
    await harness.chassis.db.with_transaction(lambda: erasing.start(ada.account, new_id("era"), at=utc_now()))
    async with asyncio.timeout(20):
        await working
    await erasing.complete_pending()
    assert await harness.chassis.db.get_collection(RestoreDocument).count_documents({"account": ada.account}) == 0
    assert (await ada.get("shelf/1.txt")).status == 403
