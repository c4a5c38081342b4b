"""The server is killed -9 and comes back: what was acknowledged is there, and the same database object works on."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from shared.mongo import Database, Document, StoreUnavailableError, open_database
from shared.stack.parts import mongo
from shared.stack.process import ProcessEvent
from tests.support.parts import free_ports

pytestmark = pytest.mark.skipif(mongo.find_server() is None, reason="needs the embedded server, to kill it")


class Coin(Document):
    collection: ClassVar[str] = "coins"

    worth: int = 1


@dataclass
class Server:
    """A private server that can be killed; its supervisor starts it again."""

    url: str = ""
    pid: int = 0

    def note(self, change: ProcessEvent) -> None:
        self.pid = change.pid or self.pid

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    made = Server()
    port = free_ports()["mongo"]
    async with mongo.start(
        port=port, data=tmp_path / "data", log=tmp_path / "mongo.log", listener=made.note
    ) as made.url:
        yield made


@pytest.fixture
async def private(server: Server, mongo_driver: str) -> AsyncIterator[Database]:
    async with open_database(server.url, "candor_outage", driver=mongo_driver) as opened:
        await opened.ensure_collections([Coin])
        yield opened


async def test_no_acknowledged_write_is_lost_and_work_goes_on_after_the_kill(private: Database, server: Server) -> None:
    coins = private.get_collection(Coin)
    acknowledged: list[str] = []

    async def payer(first: int) -> None:
        for number in range(first, 200, 4):
            await pay(private, Coin(id=f"coin_{number:05}"))
            acknowledged.append(f"coin_{number:05}")
            if len(acknowledged) == 60:
                server.kill()

    async with asyncio.timeout(40):
        await asyncio.gather(*map(payer, range(4)))
    assert sorted(acknowledged) == [coin.id for coin in await coins.list({}, sort=["_id"])]
    assert len(acknowledged) == 200


async def pay(database: Database, coin: Coin) -> None:
    """Store *coin* in a transaction, however often that takes."""
    while True:
        try:
            return await database.with_transaction(lambda: database.get_collection(Coin).upsert_one(coin))
        except StoreUnavailableError:
            await asyncio.sleep(0.1)


async def test_a_server_that_is_not_there_is_told_within_a_limit(mongo_driver: str) -> None:
    async with (
        asyncio.timeout(8),
        open_database("mongodb://127.0.0.1:9", "candor_outage", driver=mongo_driver) as nowhere,
    ):
        coins = nowhere.get_collection(Coin)
        told = await asyncio.gather(
            nowhere.check_connection(), coins.insert_one(Coin(id="a")), coins.get("a"), return_exceptions=True
        )
    assert [type(one) for one in told] == [StoreUnavailableError] * 3
