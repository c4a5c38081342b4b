"""A small house of services for the tests of the bus: each has facts, queues and questions of its own names."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar

import aio_pika
from aio_pika import Message
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import ChannelNotFoundEntity
from aiormq import spec

from shared.bus import (
    Broker,
    Consumer,
    EventDelivery,
    EventHandler,
    EventSubscription,
    Outbox,
    OutboxDocument,
    OutboxRelay,
    event_type,
    on,
)
from shared.bus.dead_letters import _copy_message
from shared.bus.topology import EVENTS_EXCHANGE, dead_letter_queue
from shared.clock import utc_now
from shared.contracts.common_v1 import PersonalDataAccessed as Shown
from shared.mongo import Database, Document


class Effect(Document):
    """What a handler leaves of each fact that it handles."""

    collection: ClassVar[str] = "effects"

    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BusHarness:
    """One service that tells ``<service>.personal_data.accessed.v1`` and hears it on a queue of its own."""

    service: str
    db: Database
    broker: Broker
    outbox: Outbox
    amqp_url: str
    queues: list[str] = field(default_factory=list)

    @property
    def fact_type(self) -> str:
        return event_type(Shown, self.service)

    def relay(self, *, hears: Sequence[EventSubscription] = ()) -> OutboxRelay:
        return OutboxRelay(self.db, self.broker, self.outbox, utc_now, subscriptions=hears)

    def queue(self, name: str = "facts") -> str:
        """Return a queue name, whose queue is deleted at the end of the test."""
        queue = f"{self.service}.{name}"
        self.queues.append(queue)
        return queue

    def consumer(self, run: Callable[[Any, EventDelivery], Awaitable[None]], **how: Any) -> Consumer:
        """Return a consumer that does *run* on each fact."""
        handler = self.handler(run, transactional=how.pop("transactional", True))
        queue = how.pop("queue", None) or self.queue()
        return Consumer(self.db, self.broker, EventSubscription(queue=queue, handlers=(handler,), **how), utc_now)

    def handler(
        self, run: Callable[[Any, EventDelivery], Awaitable[None]], *, transactional: bool = True
    ) -> EventHandler:
        return on(Shown, self.service, run, transactional=transactional)

    async def enqueue_events(self, count: int = 1) -> list[str]:
        """Put *count* facts in the outbox; return their ids."""
        return [await self.outbox.put(Shown(entry_id=f"shw_{number}")) for number in range(count)]

    async def pending_messages(self) -> list[OutboxDocument]:
        return await self.db.get_collection(OutboxDocument).list({}, sort=["created_at"])

    async def leave_effect(self, fact: Shown, delivery: EventDelivery) -> None:
        """A handler that counts how often each fact had its effect."""
        effects = self.db.get_collection(Effect)
        if not await effects.update_one({"_id": delivery.message_id}, {"$inc": {"times": 1}}):
            await effects.insert_one(Effect(id=delivery.message_id))

    async def effects(self) -> dict[str, int]:
        return {effect.id: effect.times for effect in await self.db.get_collection(Effect).list({})}

    @asynccontextmanager
    async def plain_queue(self, name: str, **arguments: Any) -> AsyncIterator[AbstractQueue]:
        """A queue without a service that gets each fact of this service, on a plain connection."""
        async with await aio_pika.connect(self.amqp_url) as connection:
            channel = await connection.channel()
            exchange = await channel.declare_exchange(EVENTS_EXCHANGE, "topic", durable=True)
            queue = await channel.declare_queue(self.queue(name), durable=True, arguments=arguments)
            await queue.bind(exchange, self.fact_type)
            yield queue

    async def publish(self, queue: str, message: aio_pika.Message) -> None:
        """Put *message* straight into *queue*, as a stranger would."""
        async with await aio_pika.connect(self.amqp_url) as connection:
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            await channel.default_exchange.publish(message, queue, mandatory=True)

    async def dead_letters(self, queue: str) -> list[AbstractIncomingMessage]:
        """Return the dead letters of *queue*, which stay there."""
        return await self.messages(dead_letter_queue(queue))

    async def messages(self, queue: str) -> list[AbstractIncomingMessage]:
        """Return what waits in *queue*, which stays there."""
        async with await aio_pika.connect(self.amqp_url) as connection:
            channel = await connection.channel()
            found = await channel.get_queue(queue)
            return [message async for message in taken(found)]

    async def queue_size(self, queue: str) -> int | None:
        """Return how many messages are ready in *queue*, None when it does not exist."""
        found = await self._declared(queue)
        return None if found is None else found.message_count

    async def has_consumer(self, queue: str, *, at_least: int = 1) -> bool:
        """Tell whether something consumes *queue*, bound before."""
        found = await self._declared(queue)
        return found is not None and (found.consumer_count or 0) >= at_least

    async def _declared(self, queue: str) -> spec.Queue.DeclareOk | None:
        async with await aio_pika.connect(self.amqp_url) as connection:
            channel = await connection.channel()
            try:
                return (await channel.declare_queue(queue, passive=True)).declaration_result
            except ChannelNotFoundEntity:
                return None

    async def delete_queues(self) -> None:
        async with await aio_pika.connect(self.amqp_url) as connection:
            channel = await connection.channel()
            for queue in self.queues:
                for name in (queue, dead_letter_queue(queue)):
                    await channel.queue_delete(name)


def again(message: AbstractIncomingMessage) -> Message:
    """Return *message* as it may be published once more."""
    return _copy_message(message)


async def taken(queue: AbstractQueue) -> AsyncIterator[AbstractIncomingMessage]:
    """Yield what *queue* holds now."""
    while (message := await queue.get(fail=False)) is not None:
        yield message


@asynccontextmanager
async def running(*works: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run *works* for as long as the body takes; their failure is the test's."""
    tasks = [asyncio.ensure_future(work()) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if not isinstance(outcome, asyncio.CancelledError):
            raise outcome or AssertionError("a task that should run for ever has ended")


async def eventually(check: Callable[[], Awaitable[bool]], *, within: float = 10) -> None:
    """Return as soon as *check* says yes."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            while not await check():  # noqa: ASYNC110 - it is another process that changes
                await asyncio.sleep(0.02)
            return
    raise AssertionError(f"not within {within} s")


@asynccontextmanager
async def open_harness(service: str, db: Database, amqp_url: str) -> AsyncIterator[BusHarness]:
    """Open a house; its queues are deleted at the end."""
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(Broker(amqp_url, service))
        made = BusHarness(service=service, db=db, broker=broker, outbox=Outbox(db, service, utc_now), amqp_url=amqp_url)
        yield made
    await made.delete_queues()


def many(effects: dict[str, int], ids: Sequence[str]) -> bool:
    """Tell whether each of *ids* had its effect exactly once, and nothing else any."""
    return effects == dict.fromkeys(ids, 1)


async def nothing_waits(home: BusHarness) -> bool:
    return await home.pending_messages() == []


async def filled(seen: list[str], count: int = 1) -> bool:
    return len(seen) >= count


class BurstError(Exception):
    """Something that a handler or a change raises."""
