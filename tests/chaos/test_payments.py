"""Payments, its database and its broker are killed -9 under load: each order is charged once, the books are exact."""

import asyncio
import os
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aio_pika
import aiohttp
import pytest

from services.payments.service.bookkeeping import JournalAuditor
from services.payments.store import Books
from services.payments.store.charges import ChargeDocument
from shared.bus import OutboxDocument
from shared.bus.topology import EVENTS_EXCHANGE
from shared.clock import monotonic, utc_now
from shared.ids import new_id
from shared.mongo import Database, open_database
from shared.stack.parts import mongo, rabbit
from shared.stack.process import ProcessEvent
from shared.web import Principal
from tests.chaos.node import Node, private_node
from tests.support.cards import DECLINED_LATER, SILENT_ONCE, UNREACHABLE_ONCE, VISA, sealed, typed
from tests.support.fake_services import open_fake_services, until
from tests.support.parts import free_ports
from tests.support.running import Running, person, running

pytestmark = [
    pytest.mark.timeout(1_800),
    pytest.mark.skipif(rabbit.find_server() is None, reason="needs an installed RabbitMQ, to kill it"),
]

FULL = "CANDOR_CHAOS" in os.environ
ORDERS = 10_000 if FULL else 120
PER_ACCOUNT, AT_ONCE = 10, 12
NUMBERS = (VISA, VISA, VISA, SILENT_ONCE, UNREACHABLE_ONCE)
DECLINES = 6
"""Few: the carding defence answers more of them with a delay."""
SETTINGS = {
    "PAYMENTS_CARD_ENTRY": "direct",
    "PAYMENTS_PROCESSOR": "simulator",
    "PAYMENTS_RECONCILE_AFTER_SECONDS": "1",
}
KILLS = (
    (0.08, "payments"),
    (0.2, "mongo"),
    (0.35, "rabbit"),
    (0.5, "payments"),
    (0.6, "mongo"),
    (0.7, "rabbit"),
    (0.85, "payments"),
)
"""What is killed, and after which part of the orders; the short version kills each part once."""
RETRY_AFTER = 1.0 if FULL else 0.25
MOST_PUBLISHES = 1.1
SETTLES_WITHIN = 180.0
QUEUE = "tests.events"


@dataclass
class Killable:
    """A private database server; its supervisor starts it again."""

    url: str = ""
    pid: int = 0

    def note(self, change: ProcessEvent) -> None:
        self.pid = change.pid or self.pid

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


@dataclass(frozen=True)
class Order:
    """One thing that a customer buys, under one key."""

    who: Principal
    card_id: str
    amount: int
    key: str


@dataclass
class Shop:
    """Sends orders until each has a final answer, and remembers the answers."""

    service: Running
    paid: dict[str, int] = field(default_factory=dict)
    """The amount of each order that was answered with 201, by the id of its charge."""
    declined: int = 0
    again: Counter[int] = field(default_factory=Counter)
    """The statuses after which an order was sent again; 0 for no answer."""

    @property
    def answered(self) -> int:
        return len(self.paid) + self.declined

    async def buy(self, order: Order) -> None:
        body = {"card_id": order.card_id, "amount": order.amount, "currency": "USD", "description": "a licence"}
        while True:
            status = 0
            with suppress(aiohttp.ClientError, TimeoutError):
                answer = await self.service.call("POST", "/v1/payments/charges", by=order.who, body=body, key=order.key)
                status = answer.status
                if status == 201:
                    self.paid[answer.body["charge_id"]] = order.amount
                    return
                if status == 402:
                    self.declined += 1
                    return
                assert status in {401, 409, 429, 503}, answer
            self.again[status] += 1
            await asyncio.sleep(RETRY_AFTER)


@dataclass(frozen=True)
class House:
    """The parts of the scene."""

    database: Killable
    node: Node
    service: Running
    home: Path

    async def kill(self, part: str) -> None:
        """Kill one part as a power cut would; it is started again."""
        if part == "payments":
            await self.service.kill()
            await self.service.start()
        elif part == "mongo":
            self.database.kill()
        else:
            self.node.kill()
            await self.node.up.wait()


@asynccontextmanager
async def open_house(folder: Path) -> AsyncIterator[House]:
    database = Killable()
    async with AsyncExitStack() as opened:
        server = mongo.start(
            port=free_ports()["mongo"], data=folder / "mongo", log=folder / "mongo.log", listener=database.note
        )
        database.url = await opened.enter_async_context(server)
        node = await opened.enter_async_context(private_node(folder / "node"))
        around = await opened.enter_async_context(open_fake_services(node.url, hear="nothing.#"))
        await declare_queue(node.url)
        home = folder / "payments"
        home.mkdir()
        parts = {"MONGO_URL": database.url, "AMQP_URL": node.url}
        service = await opened.enter_async_context(
            running("payments", parts=parts, neighbours=around, home=home, settings=SETTINGS)
        )
        yield House(database, node, service, home)


async def declare_queue(url: str) -> None:
    """Declare the durable queue that takes every event about money."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
        exchange = await channel.get_exchange(EVENTS_EXCHANGE, ensure=False)
        await queue.bind(exchange, "payments.charge.#")


async def read_queue(url: str) -> Counter[str]:
    """Return how often each event lies in the queue, by its id."""
    found = Counter[str]()
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue(QUEUE)
        while message := await queue.get(no_ack=True, fail=False):
            found[str(message.message_id)] += 1
    return found


async def store_card(service: Running, number: str) -> tuple[Principal, str]:
    """Return a new customer with a card."""
    who = person("customer", number=new_id("acc")[-12:])
    issued = (await service.call("GET", "/v1/payments/encryption-keys", by=who)).body
    body = {"jwe": sealed(issued["keys"][0], typed(issued["stamp"], utc_now(), number=number))}
    answer = await service.call("POST", "/v1/payments/cards", by=who, body=body, key=new_id("key"))
    assert answer.status == 201, answer
    return who, answer.body["card_id"]


async def take_orders(service: Running) -> list[Order]:
    """Return the orders of many customers: with good cards, with silent ones, and a few that are declined."""
    accounts = range(ORDERS // PER_ACCOUNT)
    customers = [await store_card(service, NUMBERS[place % len(NUMBERS)]) for place in accounts]
    orders = [
        Order(who, card_id, 100 + number, new_id("key")) for number in range(PER_ACCOUNT) for who, card_id in customers
    ]
    for place in range(DECLINES):
        who, card_id = await store_card(service, DECLINED_LATER)
        orders.insert(place * len(orders) // DECLINES, Order(who, card_id, 100, new_id("key")))
    return orders


def simulated(home: Path) -> dict[str, int]:
    """Return what the processor has captured, by our charge; a charge that it captured twice is an error."""
    with sqlite3.connect(home / "simulator" / "books.sqlite3") as connection:
        rows = connection.execute("SELECT charge_id, captured FROM payments WHERE captured > 0").fetchall()
    assert len(rows) == len({charge_id for charge_id, _ in rows}), "a charge was captured twice"
    return dict(rows)


async def is_settled(database: Database) -> bool:
    return await database.get_collection(ChargeDocument).count_documents({"is_open": True}) == 0


async def is_published(database: Database) -> bool:
    return await database.get_collection(OutboxDocument).count_documents({"type": "payments.charge.captured.v1"}) == 0


async def assert_books(database: Database, shop: Shop, processor: dict[str, int]) -> None:
    """What was answered, what is stored, what the journal says and what the processor has captured are the same."""
    charges = await database.get_collection(ChargeDocument).list({"state": "captured"})
    assert {charge.id: charge.amount_captured for charge in charges} == processor == shop.paid
    result = await JournalAuditor(books=Books(database)).audit_charges()
    assert (result.charge_count, result.differences) == (shop.answered, ())


async def is_answered(shop: Shop, count: int) -> bool:
    return shop.answered >= count


async def test_charges_are_made_once_whatever_is_killed(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async with open_house(tmp_path) as house:
        orders = await take_orders(house.service)
        shop, left, began = Shop(house.service), iter(orders), monotonic()
        kills = KILLS if FULL else KILLS[:3]

        async def work() -> None:
            for order in left:
                await shop.buy(order)

        async def strike() -> None:
            for part, name in kills:
                await until(lambda part=part: is_answered(shop, round(part * len(orders))), patience=900)  # type: ignore[misc] # mypy cannot infer a lambda with a default
                await house.kill(name)

        await asyncio.gather(strike(), *(work() for _ in range(AT_ONCE)))
        record_property("seconds", round(monotonic() - began))
        async with open_database(house.database.url, house.service.database) as database:
            await until(lambda: is_settled(database), patience=SETTLES_WITHIN)
            await assert_books(database, shop, simulated(house.home))
            await until(lambda: is_published(database), patience=SETTLES_WITHIN)
        events = await read_queue(house.node.url)
    assert shop.answered == len(orders)
    publishes = events.total() / len(events)
    record_property("orders", f"{len(orders)}: {len(shop.paid)} paid, {shop.declined} declined")
    record_property("kills", ", ".join(name for _, name in kills))
    record_property("sent again", str(dict(shop.again)))
    record_property("events", f"{len(events)}, {publishes:.3f} publishes each")
    assert len(events) == len(shop.paid)
    assert publishes <= MOST_PUBLISHES
