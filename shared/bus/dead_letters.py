"""Dead letters: messages that no delivery could handle, stored until an operator replays or drops them."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, cast

import aio_pika
from aio_pika import Message
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import ChannelNotFoundEntity

from shared.bus.broker import CONNECT_TIMEOUT
from shared.bus.publishing import PUBLISH_TIMEOUT, PublishOutcome, publish_outcomes
from shared.bus.topology import DECLARE_TIMEOUT, dead_letter_queue
from shared.clock import Rfc3339, rfc3339


class QueueNotFoundError(Exception):
    """There is no queue of this name, or it has no dead letters."""


class ReplayFailedError(Exception):
    """The work queue did not accept a dead letter; it stays in the dead-letter queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """The metadata of a dead letter for operators; its body is not shown."""

    id: str
    type: str
    published_at: Rfc3339
    dead_lettered_at: Rfc3339
    reason: str
    """``delivery_limit``: the handler failed at every delivery; ``rejected``: the message is malformed."""

    @classmethod
    def from_message(cls, message: AbstractIncomingMessage) -> Self:
        """Read the properties and RabbitMQ's ``x-death`` header, which does not count the deliveries."""
        (death, *_) = cast("list[dict[str, Any]]", message.headers.get("x-death") or [{}])
        return cls(
            id=message.message_id or "",
            type=message.type or "",
            published_at=_format_time(message.timestamp),
            dead_lettered_at=_format_time(death.get("time")),
            reason=str(death.get("reason", "unknown")),
        )


def _format_time(at: datetime | None) -> str:
    return rfc3339(at) if at else ""


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """The dead letters of one work queue."""

    connection: AbstractConnection
    queue: str

    async def count(self) -> int:
        """Return the number of dead letters; QueueNotFoundError when the queue does not exist."""
        async with self._open_channel() as channel:
            return await self._count_messages(channel)

    async def list(self, limit: int) -> list[DeadLetter]:
        """Return the first *limit* dead letters; they stay in the queue."""
        return [DeadLetter.from_message(message) async for _, message in self._fetch_messages((), limit)]

    async def replay_messages(self, ids: Collection[str] = ()) -> int:
        """Move all dead letters, or those of *ids*, back to their work queue; return how many.

        Each keeps its id and is removed only once the broker has confirmed the copy. A crash in between leaves a
        duplicate, which the inbox discards.
        """
        done = 0
        async for channel, message in self._fetch_messages(ids):
            publishing = channel.default_exchange.publish(
                _copy_message(message), self.queue, mandatory=True, timeout=PUBLISH_TIMEOUT
            )
            (outcome,) = await publish_outcomes([publishing])
            if outcome is not PublishOutcome.CONFIRMED:
                raise ReplayFailedError(f"{self.queue} did not accept {message.message_id}: {outcome}")
            await message.ack()
            done += 1
        return done

    async def delete(self, ids: Collection[str] = ()) -> int:
        """Delete all dead letters, or those of *ids*, permanently; return how many."""
        done = 0
        async for _, message in self._fetch_messages(ids):
            await message.ack()
            done += 1
        return done

    async def _fetch_messages(
        self, ids: Collection[str], limit: int | None = None
    ) -> AsyncIterator[tuple[AbstractChannel, AbstractIncomingMessage]]:
        """Yield each dead letter of *ids* (all if empty) once; unacknowledged ones return to their place."""
        async with self._open_channel() as channel:
            total = await self._count_messages(channel)
            dead = await channel.get_queue(dead_letter_queue(self.queue), ensure=False)
            for _ in range(total if limit is None else min(limit, total)):
                message = await dead.get(fail=False, timeout=DECLARE_TIMEOUT)
                if message is None:
                    return
                if not ids or message.message_id in ids:
                    yield channel, message

    @asynccontextmanager
    async def _open_channel(self) -> AsyncIterator[AbstractChannel]:
        async with self.connection.channel(publisher_confirms=True, on_return_raises=True) as channel:
            yield channel

    async def _count_messages(self, channel: AbstractChannel) -> int:
        try:
            dead = await channel.declare_queue(dead_letter_queue(self.queue), passive=True, timeout=DECLARE_TIMEOUT)
        except ChannelNotFoundEntity as fault:
            raise QueueNotFoundError(f"there is no queue {dead_letter_queue(self.queue)}") from fault
        return dead.declaration_result.message_count or 0


@asynccontextmanager
async def open_connection(url: str) -> AsyncIterator[AbstractConnection]:
    """Open a plain connection for one command."""
    async with await aio_pika.connect(url, timeout=CONNECT_TIMEOUT) as connection:
        yield connection


def _copy_message(message: AbstractIncomingMessage) -> Message:
    """Return *message* as it was first published, without the broker's dead-letter headers."""
    return Message(
        message.body,
        message_id=message.message_id,
        type=message.type,
        user_id=message.user_id,  # the operator's user needs the tag impersonator for this
        timestamp=message.timestamp,
        content_type=message.content_type,
        delivery_mode=message.delivery_mode,
        headers={name: value for name, value in message.headers.items() if not name.startswith("x-")},
    )
