"""Everything is handed over, then everything is gone (C26, C31); backups end (C19)."""

import asyncio
from collections import defaultdict
from datetime import timedelta

import pytest

from services.sync.domain.backups import MAX_BACKUP_AGE, BackupState
from services.sync.errors import BackupNotFoundError, CorruptContentError
from services.sync.store import DOCUMENTS, BackupKeys, Backups
from services.sync.store.documents import (
    AccountKeyDocument,
    BackupDocument,
    BackupKeyDocument,
    ErasedAccountDocument,
    NodeDocument,
)
from shared.bus import OutboxDocument, RpcContext
from shared.clock import utc_now
from shared.contracts import common_v1
from shared.errors import InvalidCursorError
from shared.ids import new_id
from shared.policy import PromiseState, Purpose
from shared.privacy import ExportServer
from tests.integration.sync.harness import MIB, DavClient, SyncHarness
from tests.support import RawWriter

_ASKED = RpcContext(caller="identity", purpose=Purpose.EXPORT, deadline=utc_now())


def _export_server(harness: SyncHarness) -> ExportServer:
    return ExportServer(service="sync", account_export=harness.sync.events.account_export)


async def _exported(harness: SyncHarness, device: DavClient) -> dict[str, bytes]:
    """Collect an export as identity does, and check that each file's pieces come one after the other."""
    found: dict[str, bytes] = defaultdict(bytes)
    cursor, order = "", list[str]()
    while True:
        request = common_v1.ExportPageRequest(export_id="exp_1", account_id=device.account, cursor=cursor)
        page = await _export_server(harness).export_page(request, _ASKED)
        assert sum(len(item.content) for item in page.items) <= MIB
        for item in page.items:
            found[item.path] += item.content
            if order[-1:] != [item.path]:
                order.append(item.path)
        cursor = page.next_cursor
        if not cursor:
            assert len(order) == len(set(order))
            return found


async def test_an_export_holds_every_file_under_its_path(ada: DavClient, harness: SyncHarness) -> None:
    files = {"a.txt": b"a", "work/größe.bin": bytes(range(256)) * 10_000, "work/empty": b""}
    await ada.mkcol("work")
    for number in range(30):
        files[f"work/{number}.bin"] = b"%d" % number * 30_000
    for path, content in files.items():
        await ada.put(path, content)
    found = await _exported(harness, ada)
    assert {path: found[f"files/{path}"] for path in files} == files
    assert b'"files/work"' in found["listing.jsonl"]


async def test_a_file_that_changes_during_an_export_is_whole_in_the_old_or_the_new_version(
    ada: DavClient, harness: SyncHarness
) -> None:
    await ada.put("big.bin", b"1" * (3 * MIB))
    server, request = _export_server(harness), common_v1.ExportPageRequest(account_id=ada.account)
    content = b""
    for _ in range(20):
        page = await server.export_page(request, _ASKED)
        content += b"".join(item.content for item in page.items if item.path == "files/big.bin")
        if content:
            await ada.put("big.bin", b"2" * (3 * MIB))
        if not page.next_cursor:
            break
        request = common_v1.ExportPageRequest(account_id=ada.account, cursor=page.next_cursor)
    assert content == b"1" * (3 * MIB)


async def test_a_cursor_tells_nothing_and_cannot_be_forged(ada: DavClient, harness: SyncHarness) -> None:
    await ada.put("a very telling name", b"x" * (2 * MIB))
    request = common_v1.ExportPageRequest(account_id=ada.account)
    page = await _export_server(harness).export_page(request, _ASKED)
    assert "telling" not in page.next_cursor
    forged = common_v1.ExportPageRequest(account_id=ada.account, cursor="W10=")
    with pytest.raises(InvalidCursorError):
        await _export_server(harness).export_page(forged, _ASKED)


async def test_who_has_no_files_gets_an_export_that_says_so(harness: SyncHarness) -> None:
    assert set(await _exported(harness, harness.device())) == {"data.json"}


async def _erase(harness: SyncHarness, device: DavClient) -> str:
    erasing, erasure = harness.sync.account_eraser, new_id("era")
    await harness.chassis.db.with_transaction(lambda: erasing.start(device.account, erasure, at=utc_now()))
    return erasure


async def test_C31_erasure_destroys_the_key_before_anything_else(ada: DavClient, harness: SyncHarness) -> None:
    await ada.put("a.txt", b"a")
    await _erase(harness, ada)
    db = harness.chassis.db
    assert await db.get_collection(AccountKeyDocument).get(ada.account) is None
    assert await db.get_collection(NodeDocument).count_documents({"account": ada.account}) > 0, (
        "the rows are still there, unreadable"
    )
    assert (await ada.get("a.txt")).status == 403


async def test_C31_an_erased_account_leaves_nothing_but_its_receipt(ada: DavClient, harness: SyncHarness) -> None:
    await harness.collect()
    before = harness.blobs()
    await ada.mkcol("box")
    await ada.put("box/large.bin", b"x" * (MIB + 1))
    await ada.put("small.txt", b"x")
    await ada.lock("small.txt")
    erasure = await _erase(harness, ada)
    await harness.sync.account_eraser.complete_pending()
    for document in DOCUMENTS:
        if document.subject is not None and document is not ErasedAccountDocument:
            assert (
                await harness.chassis.db.get_collection(document).count_documents({document.subject: ada.account}) == 0
            ), document
    assert harness.blobs() == before
    (receipt,) = [one for one in await _receipts(harness) if one.erasure_id == erasure]
    assert receipt.erased_counts["nodes"] == 4
    assert receipt.erased_counts["contents"] == 2


async def _receipts(harness: SyncHarness) -> list[common_v1.ErasureCompleted]:
    rows = await harness.chassis.db.get_collection(OutboxDocument).list({"type": "sync.erasure.completed.v1"})
    return [common_v1.ErasureCompleted.FromString(row.body) for row in rows]


async def test_C31_an_erased_account_never_comes_back(ada: DavClient, harness: SyncHarness) -> None:
    await ada.put("a.txt", b"a")
    await _erase(harness, ada)
    await harness.sync.account_eraser.complete_pending()
    replies = await asyncio.gather(*(ada.put(f"{number}.txt", b"again") for number in range(5)), ada.get("a.txt"))
    assert {reply.status for reply in replies} == {403}
    assert await harness.usage(ada) == (0, 0)


async def test_C31_an_account_that_opens_while_it_is_erased_stays_erased(harness: SyncHarness) -> None:
    bob, db, trees = harness.device(), harness.chassis.db, harness.sync.trees
    opened, go_on = asyncio.Event(), asyncio.Event()

    async def opening() -> None:
        await trees.create(bob.account, at=utc_now())
        opened.set()
        await go_on.wait()

    device = asyncio.create_task(db.with_transaction(opening))
    await opened.wait()
    erasure = asyncio.create_task(_erase(harness, bob))
    await asyncio.sleep(0.2)
    go_on.set()
    await asyncio.gather(device, erasure, return_exceptions=True)
    await harness.sync.account_eraser.complete_pending()
    assert (await bob.get("a.txt")).status == 403
    assert await db.get_collection(AccountKeyDocument).get(bob.account) is None
    assert await trees.usages.get(bob.account) is None


async def test_C31_who_has_no_files_gets_a_receipt_as_well(harness: SyncHarness) -> None:
    erasure = await _erase(harness, harness.device())
    await harness.sync.account_eraser.complete_pending()
    assert erasure in {receipt.erasure_id for receipt in await _receipts(harness)}


async def test_C19_a_backup_holds_all_trees_and_ends_with_its_key(ada: DavClient, harness: SyncHarness) -> None:
    await ada.put("a.bin", b"a" * (2 * MIB + 3))
    await ada.put("b.txt", b"b")
    backups = harness.sync.backups
    asked = await backups.request(at=utc_now())
    await backups.create(asked)
    (held,) = [one for one in await backups.list(after=None, limit=10) if one.id == asked.id]
    assert held.state is BackupState.AVAILABLE
    assert held.expires_at - held.requested_at <= MAX_BACKUP_AGE
    assert await backups.verify(held) == held.nodes >= 3
    file = next((harness.folder / "backups").rglob(held.id))
    assert b"a" * 64 not in file.read_bytes()
    await backups.delete(held.id, at=utc_now())
    assert not file.exists()
    with pytest.raises(BackupNotFoundError):
        await backups.verify(held)


async def test_C19_a_damaged_backup_is_found_out(ada: DavClient, harness: SyncHarness) -> None:
    await ada.put("a.bin", b"a" * (2 * MIB + 3))
    backups = harness.sync.backups
    asked = await backups.request(at=utc_now())
    await backups.create(asked)
    file = next((harness.folder / "backups").rglob(asked.id))
    whole = file.read_bytes()
    for damaged in (whole[:-1], whole[: MIB + 16], whole[:5000] + b"\x00" + whole[5001:]):
        file.write_bytes(damaged)
        with pytest.raises(CorruptContentError):
            await backups.verify(asked)
    await backups.delete(asked.id, at=utc_now())


async def test_C19_what_is_due_is_destroyed_and_what_is_wanted_is_taken(harness: SyncHarness) -> None:
    backups, db = harness.sync.backups, harness.chassis.db
    for document in (BackupKeyDocument, BackupDocument):
        await db.get_collection(document).delete_many({})  # whatever other tests have left
    await backups.run_once()
    await backups.run_once()
    held = await Backups(db).list_by_state(BackupState.AVAILABLE)
    assert len(held) == 1, "one a day"
    now = utc_now()
    await db.get_collection(BackupDocument).update_one(
        {"_id": held[0].id}, {"$set": {"expires_at": now, "requested_at": now}}
    )
    await backups.run_once()
    assert await Backups(db).list_by_state(BackupState.AVAILABLE) == []
    assert await BackupKeys(db, harness.chassis.vault).list_backup_ids() == set()


def _a_backup(**said: object) -> dict[str, object]:
    now = utc_now()
    asked = {"requested_at": now, "expires_at": now + timedelta(days=90), "created_at": now, "destroyed_at": None}
    return {"_id": new_id("bak"), "state": "available", **asked, "accounts": 0, "nodes": 0, "bytes": 0, **said}


@pytest.mark.parametrize(
    "breach",
    [
        {"expires_at": utc_now() + timedelta(days=190)},
        {"expires_at": utc_now() - timedelta(hours=2)},
        {
            "requested_at": utc_now() - timedelta(days=200),
            "created_at": utc_now(),
            "expires_at": utc_now() + timedelta(days=1),
        },
    ],
)
async def test_C19_the_probe_sees_a_backup_that_does_not_end(
    harness: SyncHarness, planter: RawWriter, breach: dict[str, object]
) -> None:
    db, raw = harness.chassis.db, _a_backup(**breach)
    assert (await harness.sync.probes.backups_end()).state is PromiseState.KEPT
    await planter.write_raw(db, BackupDocument.collection, raw)
    assert (await harness.sync.probes.backups_end()).state is PromiseState.BROKEN
    await db.get_collection(BackupDocument).delete_many({"_id": raw["_id"]})


async def test_C19_the_probe_sees_a_key_that_outlives_its_backup(harness: SyncHarness, planter: RawWriter) -> None:
    db, raw = harness.chassis.db, _a_backup(state="destroyed", destroyed_at=utc_now())
    await planter.write_raw(db, BackupDocument.collection, raw)
    assert (await harness.sync.probes.backups_end()).state is PromiseState.KEPT
    await planter.write_raw(db, BackupKeyDocument.collection, {"_id": raw["_id"], "sealed": b"x"})
    assert (await harness.sync.probes.backups_end()).state is PromiseState.BROKEN
    await db.get_collection(BackupKeyDocument).delete_many({"_id": raw["_id"]})
