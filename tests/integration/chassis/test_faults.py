"""Killed parts cost time, not data: the tiny service under traffic, beside a database and a broker of its own."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest

from shared.ids import new_token
from shared.mongo import Database, open_database
from shared.stack.parts import mongo, rabbit
from shared.stack.process import ProcessEvent
from tests.integration.chassis.minimal_service import Note
from tests.integration.chassis.process import Tiny, tiny
from tests.support.fake_services import until
from tests.support.parts import free_ports

pytestmark = pytest.mark.timeout(180)  # each of the two parts is started twice
RECOVERS_WITHIN = 20.0
"""Seconds from a part that answers again to a service that is ready and has told everything."""


@dataclass(slots=True)
class Scene:
    """The service, its own parts, and what was accepted so far."""

    service: Tiny
    database: Database
    parts: dict[str, ProcessEvent]
    accepted: set[int]
    next_number: int = 0

    async def writes(self, enough: asyncio.Event) -> None:
        """Write notes one after the other, repeating each until it is accepted."""
        while not enough.is_set():
            await self.write_one()

    async def write_one(self) -> None:
        """Write one note, repeating it until it is accepted."""
        self.next_number += 1
        await self._write(self.next_number)

    async def accepts_more(self) -> None:
        """Wait until more notes are accepted."""
        enough = len(self.accepted) + 25

        async def more() -> bool:
            return len(self.accepted) >= enough

        await until(more, patience=RECOVERS_WITHIN)

    async def _write(self, number: int) -> None:
        while True:
            try:
                reply = await self.service.write(number)
            except (aiohttp.ClientError, TimeoutError):
                reply = None
            if reply is not None and reply.status == 201:
                self.accepted.add(number)
                return
            assert reply is None or reply.status in {409, 503}, str(reply)
            await asyncio.sleep(0.1)

    async def kill(self, part: str) -> None:
        """Kill *part* and wait until it answers again: its supervisor restarts it."""
        killed = self.parts[part].pid
        os.killpg(killed, signal.SIGKILL)

        async def back() -> bool:
            return self.parts[part].state == "ready" and self.parts[part].pid != killed

        await until(back, patience=40)

    async def all_heard(self) -> bool:
        return await self.database.get_collection(Note).count_documents({"heard": 0}) == 0


@pytest.fixture(scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory, mongo_driver_of_module: str) -> AsyncIterator[Scene]:
    """Start the service first; then, while it waits, the parts that it needs."""
    home, ports, password = tmp_path_factory.mktemp("faults"), free_ports(), new_token(128)
    parts: dict[str, ProcessEvent] = {}

    def tell(change: ProcessEvent) -> None:
        parts[change.name] = change

    mongo_url = f"mongodb://127.0.0.1:{ports['mongo']}"
    urls = {"MONGO_URL": mongo_url, "AMQP_URL": f"amqp://candor:{password}@127.0.0.1:{ports['rabbit']}/"}
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(tiny(home, **urls))
        await service.becomes(200, "/healthz", within=40)
        assert (await service.ask("GET", "/readyz")).code == "core.service.not_ready"
        assert (await service.write(0)).code == "core.service.starting"
        await stack.enter_async_context(
            mongo.start(port=ports["mongo"], data=home / "mongo", log=home / "mongo.log", listener=tell)
        )
        await stack.enter_async_context(
            rabbit.start(ports=ports, data=home / "rabbit", log=home / "rabbit.log", password=password, listener=tell)
        )
        await service.becomes(200, within=20)
        database = await stack.enter_async_context(
            open_database(mongo_url, "candor_tiny", driver=mongo_driver_of_module)
        )
        yield Scene(service=service, database=database, parts=parts, accepted=set())
        assert await service.stop() == 0


@pytest.fixture(scope="module")
def mongo_driver_of_module() -> str:
    return os.environ.get("MONGO_DRIVER", "motor")


@asynccontextmanager
async def traffic(scene: Scene) -> AsyncIterator[None]:
    enough = asyncio.Event()
    writing = asyncio.create_task(scene.writes(enough))
    yield
    enough.set()
    await writing


async def proven(scene: Scene) -> None:
    """Check that what was accepted is there, once, and was heard, once."""
    await until(scene.all_heard, patience=RECOVERS_WITHIN)
    # A second delivery would have its effect before the event of one more note.
    await scene.write_one()
    await until(scene.all_heard, patience=RECOVERS_WITHIN)
    notes = {note.id: note.heard async for note in scene.database.get_collection(Note).iter_documents({})}
    assert notes == {f"note_{number}": 1 for number in scene.accepted}
    assert len(scene.accepted) > 20, "there was traffic"


async def test_it_waits_for_parts_that_come_later_and_works(scene: Scene) -> None:
    async with traffic(scene):
        await scene.accepts_more()
    await proven(scene)


@pytest.mark.parametrize("part", ["mongo", "rabbit"])
async def test_a_part_that_is_killed_under_traffic_loses_nothing_and_doubles_nothing(scene: Scene, part: str) -> None:
    async with traffic(scene):
        await scene.accepts_more()
        await scene.kill(part)
        await scene.service.becomes(200, within=RECOVERS_WITHIN)
        await scene.accepts_more()
    await proven(scene)
