"""The consumer loop: handles the messages of a queue concurrently and isolates their failures."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from shared.bus.broker import RobustConnection, result_or_exception
from shared.bus.topology import DECLARE_TIMEOUT
from shared.cancellation import reraise_cancel

IncomingMessage = AbstractIncomingMessage
DRAIN_TIMEOUT: Final = 10.0
"""Seconds that messages in progress may take to finish when the consumer stops."""


@dataclass(slots=True, kw_only=True)
class ConsumerLoop:
    """Consumes one queue; handles at most *prefetch* messages at once."""

    connection: RobustConnection
    prefetch: int
    declare: Callable[[AbstractChannel], Awaitable[AbstractQueue]]
    handle: Callable[[IncomingMessage], Awaitable[None]]
    """Handles a message and acknowledges it."""
    on_failure: Callable[[IncomingMessage, Exception], Awaitable[None]]
    """Rejects or acknowledges a message whose handler raised."""
    _in_flight: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Consume until cancelled, then finish the deliveries in progress."""
        await self.connection.run_on_channel(self._consume)

    async def _consume(self, channel: AbstractChannel) -> None:
        cancelled = asyncio.Event()
        channel.close_callbacks.add(lambda *_: cancelled.set())
        underlay = await channel.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(lambda _: cancelled.set())  # the queue was deleted, or moved
        await reraise_cancel(channel.set_qos(prefetch_count=self.prefetch, timeout=DECLARE_TIMEOUT))
        queue = await reraise_cancel(self.declare(channel))
        tag = await reraise_cancel(queue.consume(self._on_message, timeout=DECLARE_TIMEOUT))
        try:
            await cancelled.wait()
        finally:
            await result_or_exception(queue.cancel(tag, timeout=DECLARE_TIMEOUT))
            await self._drain()

    async def _on_message(self, message: IncomingMessage) -> None:
        # A separate task: aiormq cancels its own tasks with the channel, in the middle of a transaction.
        task = asyncio.create_task(self._process(message))
        self._in_flight.add(task)
        task.add_done_callback(self._in_flight.discard)

    async def _process(self, message: IncomingMessage) -> None:
        try:
            await self.handle(message)
        except Exception as fault:  # noqa: BLE001 -- any exception of a handler fails its message only
            await self.on_failure(message, fault)

    async def _drain(self) -> None:
        if self._in_flight:
            _, late = await asyncio.wait(self._in_flight, timeout=DRAIN_TIMEOUT)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
