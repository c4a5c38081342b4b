"""What is known of a tree stays in memory while the tree is changed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from services.sync.service.acts import Act
from services.sync.service.turns import Turns
from shared.mongo import Database
from tests.integration.sync.house import Device, House


class HeldDatabase:
    """A database whose transactions are stored for a while before anybody hears of it."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.stored, self.told = asyncio.Event(), asyncio.Event()

    async def transact(self, work: Callable[[], Awaitable[Any]]) -> Any:
        result = await self._db.transact(work)
        self.stored.set()
        await self.told.wait()
        return result


@pytest.fixture
def turns(house: House) -> Turns:
    """The turns of the house."""
    return house.sync.webdav.writing.turns


@pytest.fixture
def reads(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The accounts whose trees were read from the database by who only looks."""
    found: list[str] = []
    read = turns._read_stored

    async def noted(account: str, look: Any) -> Any:
        found.append(account)
        return await read(account, look)

    monkeypatch.setattr(turns, "_read_stored", noted)
    return found


async def test_who_looks_before_a_stored_change_is_in_memory_waits_for_it_rather_than_read_the_tree(
    ada: Device, turns: Turns, reads: list[str], monkeypatch: pytest.MonkeyPatch
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
    ada: Device, house: House, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ada.put("a.txt", b"a")
    held = HeldDatabase(turns._db)
    monkeypatch.setattr(turns, "_db", held)
    act = Act(visitor=house.devices.known[ada.username, ada.password], path=("box",))
    making = asyncio.create_task(house.sync.webdav.writing.make_folder(act))
    await held.stored.wait()
    looking = asyncio.create_task(ada.get("a.txt"))
    await asyncio.sleep(0.05)
    making.cancel()
    held.told.set()
    async with asyncio.timeout(5):
        assert (await looking).body == b"a"
