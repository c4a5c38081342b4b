"""Broadcasts: every process that listens hears them, without inbox and dead letters."""

import asyncio

from shared.bus import EventDelivery
from shared.bus.inbox import InboxDocument
from shared.contracts.common_v1 import PersonalDataAccessed as Shown
from tests.integration.bus.harness import BurstError, BusHarness, eventually, filled, nothing_waits, running


async def test_every_process_hears_a_broadcast_that_listens(home: BusHarness) -> None:
    heard: list[str] = []

    def process(name: str) -> object:
        async def handle(fact: Shown, delivery: EventDelivery) -> None:
            heard.append(name)

        return home.consumer(handle, broadcast=True, transactional=False, queue=f"{home.service}.all").run

    async with running(process("a"), process("b"), home.relay().run):  # type: ignore[arg-type] # a bound method
        await asyncio.sleep(0.5)
        await home.enqueue_events()
        await eventually(lambda: filled(heard, 2))
    assert sorted(heard) == ["a", "b"]
    assert await home.db.get_collection(InboxDocument).count_documents({}) == 0


async def test_a_broadcast_that_fails_is_not_told_again(home: BusHarness) -> None:
    calls = 0

    async def handle(_: Shown, __: EventDelivery) -> None:
        nonlocal calls
        calls += 1
        raise BurstError

    consumer = home.consumer(handle, broadcast=True, transactional=False, queue=f"{home.service}.all")
    async with running(consumer.run, home.relay().run):
        await asyncio.sleep(0.5)
        await home.enqueue_events(2)
        await eventually(lambda: nothing_waits(home))
        await asyncio.sleep(0.3)
    assert calls == 2
