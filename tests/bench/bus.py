"""The bus: from the commit in one service to the effect in another, against the raw steps of the same work."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import aio_pika
from aio_pika.abc import AbstractExchange, AbstractIncomingMessage, AbstractQueue
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from shared import bus
from shared.bus import (
    Broker,
    Consumer,
    EventDelivery,
    EventSubscription,
    InboxDocument,
    Outbox,
    OutboxDocument,
    OutboxRelay,
    on,
)
from shared.bus.group_commit import MAX_CONCURRENT_COMMITS, MAX_GROUP_SIZE
from shared.bus.relay import MAX_IN_FLIGHT
from shared.bus.topology import WorkQueue, dead_letter_queue
from shared.clock import monotonic, utc_now
from shared.contracts import identity_v1
from shared.ids import new_id
from shared.mongo import Database, Document, Leases, open_database
from tests.bench.figure import Area, Bench, Figure, ours_below, ratio_at_least
from tests.bench.parts import dropped, each, running

AREA = Area("bus")
LATENCY = Area("bus-latency", former_name="bus")

WAITING = 10_000
LIGHT_RATE, LIGHT_SECONDS = 50, 20
FACT = identity_v1.ErasureRequested(erasure_id=new_id("era"), account_id=new_id("acc"))
IN_HAND = EventSubscription(queue="", handlers=()).prefetch


class Effect(Document):
    """What a handler leaves of a fact."""

    collection: ClassVar[str] = "effects"

    erasure_id: str
    account_id: str

    @classmethod
    def of(cls, message_id: str) -> "Effect":
        """Return the effect of the fact *message_id*."""
        return cls(id=message_id, erasure_id=FACT.erasure_id, account_id=FACT.account_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One service that tells and one that hears, each with its database and its connections."""

    teller: Database
    hearer: Database
    outbox: Outbox
    relay: OutboxRelay
    consumer: Consumer
    heard: asyncio.Queue[str]
    """The ids of the facts whose effect is committed."""


@asynccontextmanager
async def line(bench: Bench) -> AsyncIterator[Line]:
    """Open both sides; nothing runs yet."""
    queue = new_id("bench")
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with AsyncExitStack() as stack:
        teller = await stack.enter_async_context(database(bench))
        hearer = await stack.enter_async_context(database(bench))
        telling = await stack.enter_async_context(Broker(bench.amqp_url, "identity"))
        hearing = await stack.enter_async_context(Broker(bench.amqp_url, "hearer"))
        stack.push_async_callback(forget_queue, bench, queue)
        effects = hearer.get_collection(Effect)

        async def on_requested(_: identity_v1.ErasureRequested, delivery: EventDelivery) -> None:
            await effects.insert_one(Effect.of(delivery.message_id))
            hearer.after_commit(lambda: heard.put_nowait(delivery.message_id))

        requested = on(identity_v1.ErasureRequested, "identity", on_requested)
        outbox = Outbox(teller, "identity", utc_now)
        yield Line(
            teller=teller,
            hearer=hearer,
            outbox=outbox,
            relay=OutboxRelay(teller, telling, outbox, utc_now),
            consumer=Consumer(hearer, hearing, EventSubscription(queue=queue, handlers=(requested,)), utc_now),
            heard=heard,
        )


@asynccontextmanager
async def database(bench: Bench) -> AsyncIterator[Database]:
    """A database with its collections."""
    async with dropped(bench.mongo_url) as name, open_database(bench.mongo_url, name) as opened:
        await opened.ensure_collections((*bus.DOCUMENTS, *Leases.documents, Effect))
        yield opened


async def forget_queue(bench: Bench, queue: str) -> None:
    """Take the queue and its dead letters away."""
    async with await aio_pika.connect(bench.amqp_url) as connection:
        channel = await connection.channel()
        for name in (queue, dead_letter_queue(queue)):
            await channel.queue_delete(name)


# ── Throughput ────────────────────────────────────────────────────────────────────────────────────────────────────


@AREA.measures
async def throughput(bench: Bench) -> list[Figure]:
    """10,000 events that wait in the outbox, until each has had its effect."""
    rows = [waiting_row() for _ in range(WAITING)]
    ours = await ours_per_second(bench, rows)
    bench.tell(f"  ours: {ours:,.0f}/s; now each raw step by itself")
    async with raw_queue(bench) as (queue, exchange):
        raw = {
            "publish with confirms": await raw_publish(queue, exchange, rows),
            "consume and acknowledge": await raw_consume(queue, rows),
            "write mark and effect in a transaction": await raw_writes(
                bench, rows[:3000], per_transaction=1, at_once=IN_HAND
            ),
        }
    grouped = await raw_writes(bench, rows, per_transaction=MAX_GROUP_SIZE, at_once=MAX_CONCURRENT_COMMITS)
    told = "; ".join(f"{step} {rate:.0f}/s" for step, rate in raw.items())
    bench.tell(f"  {told}; writes grouped as ours {grouped:.0f}/s")
    slowest = min(raw, key=raw.__getitem__)
    return [
        Figure(
            name="outbox to effect, 10,000 waiting",
            ours=ours,
            reference=raw[slowest],
            unit="events/s",
            goal=ratio_at_least(0.7),
            note=f"the slowest raw step by itself; {told}",
        ),
        Figure(
            name="the same against writes grouped as ours",
            ours=ours,
            reference=grouped,
            unit="events/s",
            note=f"the driver alone, {MAX_GROUP_SIZE} to a transaction, {MAX_CONCURRENT_COMMITS} at once; no broker",
        ),
    ]


def waiting_row() -> OutboxDocument:
    """Return one waiting fact."""
    at = utc_now()
    return OutboxDocument(
        id=new_id("evt"),
        type=bus.event_type(FACT, "identity"),
        source="/identity",
        event_subject="",
        traceparent="",
        body=FACT.SerializeToString(),
        created_at=at,
        due_at=at,
    )


async def ours_per_second(bench: Bench, rows: Sequence[OutboxDocument]) -> float:
    """Let relay and consumer do all of it."""
    async with line(bench) as under_test:
        for first in range(0, len(rows), 1000):
            await under_test.teller.get_collection(OutboxDocument).insert_many(rows[first : first + 1000])
        async with running(under_test.consumer.run):
            await asyncio.sleep(1)  # the queue is there before the first fact
            began = monotonic()
            async with running(under_test.relay.run):
                for _ in rows:
                    await under_test.heard.get()
                seconds = monotonic() - began
        assert await under_test.hearer.get_collection(Effect).count_documents({}) == len(rows)
    return len(rows) / seconds


@asynccontextmanager
async def raw_queue(bench: Bench) -> AsyncIterator[tuple[AbstractQueue, AbstractExchange]]:
    """A queue like those of the house, on a plain connection."""
    name = new_id("bench")
    arguments = WorkQueue(name=name, keys=(), delivery_limit=5).build_arguments()
    async with await aio_pika.connect(bench.amqp_url) as connection:
        channel = await connection.channel(publisher_confirms=True)
        await channel.set_qos(prefetch_count=IN_HAND)
        queue = await channel.declare_queue(name, durable=True, arguments=arguments)
        yield queue, channel.default_exchange
        await queue.delete(if_unused=False, if_empty=False)


async def raw_publish(queue: AbstractQueue, exchange: AbstractExchange, rows: Sequence[OutboxDocument]) -> float:
    """Publish the same bodies with confirms, as many in flight."""
    messages = [row.to_envelope().to_message() for row in rows]
    began = monotonic()
    await each(messages, lambda message: exchange.publish(message, queue.name), at_once=MAX_IN_FLIGHT)
    return len(rows) / (monotonic() - began)


async def raw_consume(queue: AbstractQueue, rows: Sequence[OutboxDocument]) -> float:
    """Take the same bodies and acknowledge each, as many in hand."""
    taken: asyncio.Queue[None] = asyncio.Queue()

    async def take(message: AbstractIncomingMessage) -> None:
        await message.ack()
        taken.put_nowait(None)

    began = monotonic()
    await queue.consume(take)
    for _ in rows:
        await taken.get()
    return len(rows) / (monotonic() - began)


async def raw_writes(bench: Bench, rows: Sequence[OutboxDocument], *, per_transaction: int, at_once: int) -> float:
    """Write the same documents with the driver alone: the marks at once, each effect by itself, one commit."""
    client: Any = AsyncIOMotorClient(bench.mongo_url)
    async with database(bench) as prepared:
        raw = client[prepared.name]

        async def write(group: Sequence[OutboxDocument]) -> None:
            at = utc_now()
            async with (
                await client.start_session() as session,
                session.start_transaction(ReadConcern("snapshot"), WriteConcern("majority")),
            ):
                marks = [{"_id": f"bench:{row.id}", "handled_at": at} for row in group]
                await raw[InboxDocument.collection].insert_many(marks, session=session)
                for row in group:
                    await raw[Effect.collection].insert_one(Effect.of(row.id).to_mongo(), session=session)

        began = monotonic()
        groups = [rows[first : first + per_transaction] for first in range(0, len(rows), per_transaction)]
        await each(groups, write, at_once=at_once)
        seconds = monotonic() - began
    client.close()
    return len(rows) / seconds


# ── Latency ───────────────────────────────────────────────────────────────────────────────────────────────────────


@LATENCY.measures
async def latency(bench: Bench) -> list[Figure]:
    """From commit to effect at 50 events a second, for 20 seconds."""
    ours = await our_waits(bench)
    bench.tell("  the same by hand: publish with confirm, take, write, at the same pace")
    reference = await raw_waits(bench)
    return [
        Figure(
            name=f"commit to effect, p{round(part * 100)} at {LIGHT_RATE}/s",
            ours=ours[int(len(ours) * part)] * 1000,
            reference=reference[int(len(reference) * part)] * 1000,
            unit="ms",
            goal=ours_below(100, "ms") if part == 0.99 else None,
            note="publish with confirm, take and write by hand, at the same pace",
        )
        for part in (0.5, 0.99)
    ]


async def at_a_pace(act: Callable[[], Awaitable[None]]) -> None:
    """Do *act* at the light rate, for its time."""
    began = monotonic()
    for number in range(LIGHT_RATE * LIGHT_SECONDS):
        await asyncio.sleep(max(0.0, began + number / LIGHT_RATE - monotonic()))
        await act()


async def our_waits(bench: Bench) -> list[float]:
    """Return the seconds from each commit to its effect, the shortest first."""
    told: dict[str, float] = {}
    waits: list[float] = []
    async with line(bench) as under_test:

        async def tell() -> None:
            event_id = await under_test.teller.with_transaction(lambda: under_test.outbox.put(FACT))
            told[event_id] = monotonic()

        async def hear() -> None:
            for _ in range(LIGHT_RATE * LIGHT_SECONDS):
                message_id = await under_test.heard.get()
                # It may have its effect before the commit has told its teller: that is no wait at all.
                waits.append(monotonic() - told.get(message_id, monotonic()))

        async with running(under_test.consumer.run, under_test.relay.run):
            await asyncio.sleep(1)
            await asyncio.gather(at_a_pace(tell), hear())
    return sorted(waits)


async def raw_waits(bench: Bench) -> list[float]:
    """Return the seconds from each publish to the write of its effect, the shortest first."""
    waits: list[float] = []
    ended = asyncio.Event()
    client: Any = AsyncIOMotorClient(bench.mongo_url, w="majority")
    async with database(bench) as prepared, raw_queue(bench) as (queue, exchange):
        effects = client[prepared.name][Effect.collection]

        async def take(message: AbstractIncomingMessage) -> None:
            await effects.insert_one(Effect.of(str(message.message_id)).to_mongo())
            waits.append(monotonic() - began[str(message.message_id)])
            await message.ack()
            if len(waits) == LIGHT_RATE * LIGHT_SECONDS:
                ended.set()

        began: dict[str, float] = {}

        async def tell() -> None:
            message = waiting_row().to_envelope().to_message()
            began[str(message.message_id)] = monotonic()
            await exchange.publish(message, queue.name)

        await queue.consume(take)
        await at_a_pace(tell)
        await ended.wait()
    client.close()
    return sorted(waits)
