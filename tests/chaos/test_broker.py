"""The broker is killed -9, twice, or stops listening: every fact has its effect exactly once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import aio_pika
import pytest
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from shared import bus
from shared.bus.topology import WorkQueue
from shared.ids import new_id
from shared.mongo import Database, Leases
from shared.stack.parts import rabbit
from tests.chaos.node import Node, private_node
from tests.integration.bus.harness import BusHarness, Effect, eventually, many, open_harness, running

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(rabbit.find_server() is None, reason="needs an installed RabbitMQ, to kill it"),
]

FACTS = 1_500
AGAIN_WITHIN = 30.0
"""Seconds from a node that is back to the next effect: a queue may leave one declaration without an answer."""
ON_DISK_WITHIN = 2.0
"""Seconds until a new quorum queue outlives the node's death. A node that is killed before comes back with the queue
empty and without a leader, for ever (see docs/runbooks/outbox-old.md)."""


@pytest.fixture(scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    async with private_node(tmp_path_factory.mktemp("node")) as made:
        yield made


@pytest.fixture
async def home(node: Node, database: Database) -> AsyncIterator[BusHarness]:
    await database.ensure_collections((*bus.DOCUMENTS, *Leases.documents, Effect))
    async with open_harness(new_id("svc").replace("_", ""), database, node.url) as made:
        yield made


async def test_no_fact_is_lost_nor_handled_twice_when_the_broker_is_killed(
    home: BusHarness, node: Node, record_property: Callable[[str, object], None]
) -> None:
    deliveries = 0

    async def handle(fact: object, delivery: bus.EventDelivery) -> None:
        nonlocal deliveries
        deliveries += 1
        await home.leave_effect(fact, delivery)  # type: ignore[arg-type] # passed on as it came

    naive = Naive(node.url, home.queue("naive"))
    async with running(home.consumer(handle).run), naive.hearing():
        await eventually(lambda: home.has_consumer(f"{home.service}.facts"))
        await asyncio.sleep(ON_DISK_WITHIN)
        ids: list[str] = []
        work = [asyncio.create_task(naive.publish(FACTS)), asyncio.create_task(tell_all_along(home, ids))]
        async with running(home.relay().run):
            for part in (0.2, 0.6):
                await eventually(lambda part=part: handled(home, round(FACTS * part)), within=60)  # type: ignore[misc] # mypy cannot infer a lambda with a default
                node.kill()
                await node.up.wait()
                before = len(await home.effects())
                await eventually(lambda before=before: handled(home, before + 1), within=AGAIN_WITHIN)  # type: ignore[misc] # mypy cannot infer a lambda with a default
            await eventually(lambda: handled(home, FACTS), within=60)
        await asyncio.gather(*work)
    assert many(await home.effects(), ids)
    record_property("events", len(ids))
    record_property("deliveries", deliveries)
    record_property("lost by the control", FACTS - len(naive.heard))
    assert len(naive.heard) < FACTS, "the control loses nothing: this test could not see a loss"


async def test_facts_wait_out_a_broker_that_blocks_and_come_once_afterwards(home: BusHarness, node: Node) -> None:
    async with running(home.consumer(home.leave_effect).run, home.relay().run):
        await eventually(lambda: home.has_consumer(f"{home.service}.facts"))
        first = await home.enqueue_events(20)
        await eventually(lambda: handled(home, 20))
        await node.out_of_memory(out=True)
        async with asyncio.timeout(2):
            more = await home.enqueue_events(50)  # the one who changes something does not notice
        await asyncio.sleep(6)  # longer than a publish may take: its fate is unknown, and it is tried again
        assert len(await home.pending_messages()) == 50
        await node.out_of_memory(out=False)
        await eventually(lambda: handled(home, 70), within=30)
        await eventually(lambda: all_told(home))
    assert many(await home.effects(), [*first, *more])


async def tell_all_along(home: BusHarness, ids: list[str]) -> None:
    """Tell FACTS facts, a little ahead of those who hear them: whenever the broker dies, some are on their way."""
    while len(ids) < FACTS:
        if len(ids) < await home.db.get_collection(Effect).count_documents({}) + 400:
            ids += await home.db.with_transaction(lambda: home.enqueue_events(50))
        else:
            await asyncio.sleep(0.02)


async def handled(home: BusHarness, count: int) -> bool:
    return await home.db.get_collection(Effect).count_documents({}) >= count


async def all_told(home: BusHarness) -> bool:
    return await home.pending_messages() == []


class Naive:
    """The control: publishes with confirms, logs what fails and goes on."""

    def __init__(self, url: str, queue: str) -> None:
        self.url, self.queue = url, queue
        self.heard: set[str] = set()

    @asynccontextmanager
    async def hearing(self) -> AsyncIterator[None]:
        """Note what arrives, over kills."""
        async with await aio_pika.connect_robust(self.url) as connection:
            channel = await connection.channel()
            plan = WorkQueue(name=self.queue, keys=(), delivery_limit=5)
            queue = await channel.declare_queue(self.queue, durable=True, arguments=plan.build_arguments())
            await queue.consume(self._hear)
            yield

    async def _hear(self, message: aio_pika.abc.AbstractIncomingMessage) -> None:
        self.heard.add(str(message.message_id))
        with suppress(AMQPError, ChannelInvalidStateError):
            await message.ack()

    async def publish(self, count: int) -> None:
        """Publish as many messages, in the time that the others take."""
        async with await aio_pika.connect_robust(self.url) as connection:
            channel = await connection.channel(publisher_confirms=True)
            for number in range(count):
                message = aio_pika.Message(b"", message_id=f"naive_{number}", delivery_mode=2)
                try:
                    await channel.default_exchange.publish(message, self.queue, timeout=5)
                except (AMQPError, ChannelInvalidStateError, OSError, TimeoutError, asyncio.CancelledError):
                    continue
