"""Exchanges and queues as values. Declaring them is idempotent and works on RabbitMQ 3.10 and 4.x."""

from dataclasses import dataclass
from typing import Final

from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractQueue, HeadersType
from aio_pika.exceptions import ChannelNotFoundEntity

EVENTS_EXCHANGE: Final = "candor"
DEAD_LETTER_EXCHANGE: Final = "candor.dead"
EXCHANGES: Final = {EVENTS_EXCHANGE: "topic", DEAD_LETTER_EXCHANGE: "direct"}
"""The exchanges by name, with their types."""
MAX_QUEUE_LENGTH: Final = 200_000
"""The maximum length of every queue; a full queue rejects, so events wait in the publisher's outbox."""
DECLARE_TIMEOUT: Final = 10.0
"""Seconds that a declaration may take."""


def dead_letter_queue(queue: str) -> str:
    """Return the name of the dead-letter queue of *queue*."""
    return f"{queue}.dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkQueue:
    """A durable quorum queue and its dead-letter queue."""

    name: str
    keys: tuple[str, ...]
    delivery_limit: int

    def build_arguments(self) -> HeadersType:
        """Return the arguments of the queue; at-least-once dead-lettering requires reject-publish."""
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
        """Declare the dead-letter queue first, so that no dead letter can be lost."""
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
        """Declare the exclusive queue."""
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
    """The request queue of one RPC, shared by the replicas that serve it.

    Durable though short-lived: RabbitMQ 4.3 rejects queues that are neither durable nor exclusive. It is deleted with
    its last consumer, so that a caller learns at once that no server is running.
    """

    name: str

    async def declare_on(self, channel: AbstractChannel) -> AbstractQueue:
        """Declare the queue; a full queue rejects further requests."""
        bounds: HeadersType = {"x-max-length": 1000, "x-overflow": "reject-publish"}
        return await channel.declare_queue(
            self.name, durable=True, auto_delete=True, arguments=bounds, timeout=DECLARE_TIMEOUT
        )


async def events_exchange(channel: AbstractChannel) -> AbstractExchange:
    """Return the exchange to which all events are published."""
    return await channel.get_exchange(EVENTS_EXCHANGE, ensure=False)


async def ensure_exchanges(connection: AbstractConnection) -> None:
    """Declare the exchanges that are missing.

    The first attempt is passive: the user of a service has no permission to configure (and so to delete) an exchange.
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
    # Listing dead letters counts as a delivery: the default limit of 20 in RabbitMQ 4 would drop them.
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": 1_000_000,
        "x-overflow": "reject-publish",
        "x-max-length": MAX_QUEUE_LENGTH,
    }
