"""What is known of a tree stays in memory while the tree is changed; who is cancelled leaves nothing behind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import pytest

from services.sync.domain.operation import DavOperation
from services.sync.service.tree.write_queue import AccountWriteQueue, TreeAccess
from services.sync.service.webdav.uploads import UploadBody
from shared.mongo import Database
from tests.integration.sync.harness import MIB, DavClient, SyncHarness
from tests.support.fake_services import until


class HeldDatabase:
    """A database whose transactions are stored for a while before anybody hears of it."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.stored, self.told = asyncio.Event(), asyncio.Event()

    async def with_transaction(self, work: Callable[[], Awaitable[Any]]) -> Any:
        result = await self._db.with_transaction(work)
        self.stored.set()
        await self.told.wait()
        return result


def _act(harness: SyncHarness, device: DavClient, name: str) -> DavOperation:
    return DavOperation(device=harness.devices.known[device.username, device.password], path=(name,))


async def _waits(queue: AccountWriteQueue) -> bool:
    return bool(queue.pending)


async def _upload(harness: SyncHarness, act: DavOperation) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield bytes(MIB)

    async def still() -> None:
        """Stay allowed."""

    body = UploadBody(chunks=chunks(), size=MIB, expects_continue=False, reauthorize=still)
    await harness.sync.webdav.uploads.put(act, body)


@pytest.fixture
def turns(harness: SyncHarness) -> TreeAccess:
    """The turns of the harness."""
    return harness.sync.webdav.writer.tree_access


@pytest.fixture
def reads(turns: TreeAccess, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The accounts whose trees were read from the database by who only looks."""
    found: list[str] = []
    read = turns._read_from_store

    async def noted(account: str, look: Any) -> Any:
        found.append(account)
        return await read(account, look)

    monkeypatch.setattr(turns, "_read_from_store", noted)
    return found


async def test_who_looks_before_a_stored_change_is_in_memory_waits_for_it_rather_than_read_the_tree(
    ada: DavClient, turns: TreeAccess, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await ada.put("a.txt", b"a")
    held = HeldDatabase(turns._db)
    monkeypatch.setattr(turns, "_db", held)
    putting = asyncio.create_task(ada.put("b.txt", b"b"))
    await held.stored.wait()
    looking = asyncio.create_task(ada.get("a.txt"))
    await asyncio.sleep(0.05)
    held.told.set()
    assert ((await looking).body, (await putting).status) == (b"a", 201)
    assert reads == []
    assert await ada.names() == {"a.txt", "b.txt"}
    assert reads == [ada.account], "the whole folder was never read before: this shows that it would be noted"


async def test_who_looks_is_not_left_waiting_when_who_changes_is_cancelled(
    ada: DavClient, harness: SyncHarness, turns: TreeAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ada.put("a.txt", b"a")
    held = HeldDatabase(turns._db)
    monkeypatch.setattr(turns, "_db", held)
    making = asyncio.create_task(harness.sync.webdav.writer.create_folder(_act(harness, ada, "box")))
    await held.stored.wait()
    looking = asyncio.create_task(ada.get("a.txt"))
    await asyncio.sleep(0.05)
    making.cancel()
    held.told.set()
    async with asyncio.timeout(5):
        assert (await looking).body == b"a"


async def _cancelled_before_its_turn(queue: AccountWriteQueue, work: Coroutine[Any, Any, object]) -> None:
    async with queue.lock:
        task = asyncio.create_task(work)
        await until(lambda: _waits(queue))
        task.cancel()
        await asyncio.sleep(0.05)  # an upload that is given up now waits for a turn of its own
    await asyncio.wait({task})
    assert task.cancelled()


async def test_a_change_that_is_cancelled_before_its_turn_is_never_made(
    ada: DavClient, harness: SyncHarness, turns: TreeAccess
) -> None:
    await ada.put("a.txt", b"a")
    making = harness.sync.webdav.writer.create_folder(_act(harness, ada, "box"))
    await _cancelled_before_its_turn(turns._get_queue(ada.account), making)
    await ada.put("b.txt", b"b")
    assert await ada.names() == {"a.txt", "b.txt"}


async def test_an_upload_that_is_cancelled_before_its_turn_reserves_nothing(
    ada: DavClient, harness: SyncHarness, turns: TreeAccess
) -> None:
    await ada.put("a.txt", b"a")
    await _cancelled_before_its_turn(turns._get_queue(ada.account), _upload(harness, _act(harness, ada, "film.bin")))
    await ada.put("b.txt", b"b")
    assert await harness.has_no_room_reserved(ada)


async def test_an_upload_that_is_cancelled_while_its_room_is_reserved_gives_it_back(
    ada: DavClient, harness: SyncHarness, turns: TreeAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await ada.names() == set(), "the folder is known, so that only the reservation is written"
    held = HeldDatabase(turns._db)
    monkeypatch.setattr(turns, "_db", held)
    putting = asyncio.create_task(_upload(harness, _act(harness, ada, "film.bin")))
    await held.stored.wait()
    assert await harness.has_room_reserved(ada)
    putting.cancel()
    held.told.set()
    await asyncio.wait({putting})
    assert putting.cancelled()
    assert await harness.has_no_room_reserved(ada)
