"""Broadcasts: every process that listens hears them, without inbox and dead letters."""

from datetime import timedelta

from shared.bus import EventDelivery
from shared.bus.inbox import InboxDocument
from shared.contracts.common_v1 import PersonalDataAccessed as Shown
from tests.integration.bus.harness import BurstError, BusHarness, eventually, nothing_waits, running


async def test_every_process_hears_a_broadcast_that_listens(home: BusHarness) -> None:
    heard: list[tuple[str, str]] = []

    def process(name: str) -> object:
        async def handle(fact: Shown, delivery: EventDelivery) -> None:
            heard.append((name, delivery.message_id))

        return home.consumer(handle, broadcast=True, transactional=False, queue=f"{home.service}.all").run

    async with running(process("a"), process("b"), home.relay().run):  # type: ignore[arg-type] # a bound method
        await eventually(lambda: publish_until(home, {name for name, _ in heard} == {"a", "b"}))
        (last,) = await home.enqueue_events()
        await eventually(lambda: became({("a", last), ("b", last)} <= set(heard)))
    assert len(heard) == len(set(heard))
    assert await home.db.get_collection(InboxDocument).count_documents({}) == 0


async def test_a_broadcast_that_fails_is_not_told_again(home: BusHarness) -> None:
    calls: list[str] = []

    async def handle(_: Shown, delivery: EventDelivery) -> None:
        calls.append(delivery.message_id)
        raise BurstError

    consumer = home.consumer(
        handle,
        broadcast=True,
        transactional=False,
        queue=f"{home.service}.all",
        retry_after=timedelta(milliseconds=1),
    )
    async with running(consumer.run, home.relay().run):
        await eventually(lambda: publish_until(home, bool(calls)))
        ids = await home.enqueue_events(2)
        await eventually(lambda: became(set(ids) <= set(calls)))
        # A second delivery would come before the events that are published after it was due.
        for _ in range(3):
            (mark,) = await home.enqueue_events()
            await eventually(lambda mark=mark: became(mark in calls))  # type: ignore[misc] # mypy cannot infer a lambda with a default
        await eventually(lambda: nothing_waits(home))
    assert len(calls) == len(set(calls))


async def publish_until(home: BusHarness, listening: bool) -> bool:
    """Publish one more event unless everybody is *listening*: a broadcast reaches only those who listen already."""
    if not listening:
        await home.enqueue_events()
    return listening


async def became(true: bool) -> bool:
    return true
