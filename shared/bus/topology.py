"""The exchanges and queues, as values; declaring them is idempotent. Only what RabbitMQ 3.10 and 4.x both have."""

from dataclasses import dataclass
from typing import Final

from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractQueue, HeadersType
from aio_pika.exceptions import ChannelNotFoundEntity

EVENTS_EXCHANGE: Final = "candor"
DEAD_LETTER_EXCHANGE: Final = "candor.dead"
EXCHANGES: Final = {EVENTS_EXCHANGE: "topic", DEAD_LETTER_EXCHANGE: "direct"}
"""The exchanges by name, with their types."""
MAX_QUEUE_LENGTH: Final = 200_000
"""The bound of every queue; a full one refuses, so the rows wait in the publisher's outbox."""
DECLARE_TIMEOUT: Final = 10.0
"""Seconds that a declaration may take."""


def dead_letter_queue(queue: str) -> str:
    """Return the name of the queue that holds the dead letters of *queue*."""
    return f"{queue}.dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkQueue:
    """A durable quorum queue with its dead letters beside it."""

    name: str
    keys: tuple[str, ...]
    delivery_limit: int

    def build_arguments(self) -> HeadersType:
        """Return the arguments of the queue; at-least-once dead-lettering holds only with reject-publish."""
        return {
            "x-queue-type": "quorum",
            "x-delivery-limit": self.delivery_limit,
            "x-dead-letter-exchange": DEAD_LETTER_EXCHANGE,
            "x-dead-letter-routing-key": self.name,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
            "x-max-length": MAX_QUEUE_LENGTH,
        }

    async def declare_on(self, channel: AbstractChannel) -> AbstractQueue:
        """Declare the dead letters first: a message must never die into nothing."""
        dead = await channel.declare_queue(
            dead_letter_queue(self.name), durable=True, arguments=_dead_letter_arguments(), timeout=DECLARE_TIMEOUT
        )
        await dead.bind(
            await channel.get_exchange(DEAD_LETTER_EXCHANGE, ensure=False), self.name, timeout=DECLARE_TIMEOUT
        )
        queue = await channel.declare_queue(
            self.name, durable=True, arguments=self.build_arguments(), timeout=DECLARE_TIMEOUT
        )
        await _bind_keys(channel, queue, self.keys)
        return queue


@dataclass(frozen=True, slots=True, kw_only=True)
class BroadcastQueue:
    """A queue of one process, deleted with its connection: every process gets each event while it is connected."""

    name: str
    keys: tuple[str, ...]

    async def declare_on(self, channel: AbstractChannel) -> AbstractQueue:
        """Declare it under a name of its own."""
        queue = await channel.declare_queue(
            self.name,
            exclusive=True,
            auto_delete=True,
            arguments={"x-max-length": MAX_QUEUE_LENGTH},
            timeout=DECLARE_TIMEOUT,
        )
        await _bind_keys(channel, queue, self.keys)
        return queue


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcQueue:
    """Where the replicas that answer one question share the work.

    Durable though short-lived: RabbitMQ 4.3 refuses queues that are neither durable nor exclusive. It goes with its
    last answerer, so that an asker learns at once that nobody is there.
    """

    name: str

    async def declare_on(self, channel: AbstractChannel) -> AbstractQueue:
        """Declare it; more questions than it holds are refused."""
        bounds: HeadersType = {"x-max-length": 1000, "x-overflow": "reject-publish"}
        return await channel.declare_queue(
            self.name, durable=True, auto_delete=True, arguments=bounds, timeout=DECLARE_TIMEOUT
        )


async def events_exchange(channel: AbstractChannel) -> AbstractExchange:
    """Return the exchange to which all events are published."""
    return await channel.get_exchange(EVENTS_EXCHANGE, ensure=False)


async def ensure_exchanges(connection: AbstractConnection) -> None:
    """Declare the exchanges that are missing.

    The first look is passive: the user of a service may not configure an exchange, since it could delete it then.
    """
    for name, kind in EXCHANGES.items():
        try:
            async with connection.channel() as channel:
                await channel.declare_exchange(name, kind, passive=True, timeout=DECLARE_TIMEOUT)
        except ChannelNotFoundEntity:
            async with connection.channel() as channel:
                await channel.declare_exchange(name, kind, durable=True, timeout=DECLARE_TIMEOUT)


async def _bind_keys(channel: AbstractChannel, queue: AbstractQueue, keys: tuple[str, ...]) -> None:
    exchange = await events_exchange(channel)
    for key in keys:
        await queue.bind(exchange, key, timeout=DECLARE_TIMEOUT)


def _dead_letter_arguments() -> HeadersType:
    # Looking at dead letters counts as a delivery: without a limit of its own the 20 of RabbitMQ 4 would drop them.
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": 1_000_000,
        "x-overflow": "reject-publish",
        "x-max-length": MAX_QUEUE_LENGTH,
    }
