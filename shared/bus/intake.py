"""The consumer loop: takes messages from a queue, some at once, and lets no failure stop the others."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from shared.bus.broker import Link, settled
from shared.bus.topology import DECLARE_LIMIT
from shared.cancelling import heeded

Message = AbstractIncomingMessage
FINISH_LIMIT: Final = 10.0
"""Seconds that messages in hand may take to finish when the consumer stops."""


@dataclass(slots=True, kw_only=True)
class Intake:
    """Consumes one queue on *link*; at most *prefetch* messages are in hand at once."""

    link: Link
    prefetch: int
    declare: Callable[[AbstractChannel], Awaitable[AbstractQueue]]
    handle: Callable[[Message], Awaitable[None]]
    """Does the work of a message and settles it."""
    failed: Callable[[Message, Exception], Awaitable[None]]
    """Settles a message whose handling raised."""
    _in_hand: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Consume for ever; when cancelled, finish what is in hand."""
        await self.link.serve(self._session)

    async def _session(self, channel: AbstractChannel) -> None:
        gone = asyncio.Event()
        channel.close_callbacks.add(lambda *_: gone.set())
        underlay = await channel.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(lambda _: gone.set())  # the queue was deleted, or moved
        await heeded(channel.set_qos(prefetch_count=self.prefetch, timeout=DECLARE_LIMIT))
        queue = await heeded(self.declare(channel))
        tag = await heeded(queue.consume(self._take, timeout=DECLARE_LIMIT))
        try:
            await gone.wait()
        finally:
            await settled(queue.cancel(tag, timeout=DECLARE_LIMIT))
            await self._finish()

    async def _take(self, message: Message) -> None:
        # A task of ours: aiormq cancels its own with the channel, in the middle of a transaction.
        task = asyncio.create_task(self._one(message))
        self._in_hand.add(task)
        task.add_done_callback(self._in_hand.discard)

    async def _one(self, message: Message) -> None:
        try:
            await self.handle(message)
        except Exception as fault:  # noqa: BLE001 -- the consumer loop: whatever a handler raises is its message's fate
            await self.failed(message, fault)

    async def _finish(self) -> None:
        if self._in_hand:
            _, late = await asyncio.wait(self._in_hand, timeout=FINISH_LIMIT)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
