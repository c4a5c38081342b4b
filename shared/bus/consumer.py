"""Hears facts: each has its effect once, however often it is delivered."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from traceback import extract_tb
from typing import Final

from aio_pika.abc import AbstractIncomingMessage

from shared import observe
from shared.bus.broker import Broker, tried
from shared.bus.envelope import Envelope
from shared.bus.errors import UnreadableError
from shared.bus.inbox import AlreadyHandledError, Inbox
from shared.bus.intake import Intake
from shared.bus.subscription import Delivery, Handler, Subscription
from shared.bus.together import Together
from shared.clock import Clock, monotonic
from shared.errors import UnavailableError
from shared.ids import jitter
from shared.mongo import Database

log = observe.logger(__name__)
_handled = observe.counter("bus_deliveries_total", "Deliveries by what became of them.", ("queue", "outcome"))
_seconds = observe.histogram("bus_handling_seconds", "How long a delivery took.", ("queue",))

LONGEST_RETRY: Final = timedelta(seconds=5)
PATIENCE: Final = timedelta(minutes=10)
"""How long a delivery waits for a part that is away before it has failed; the broker itself waits 30 minutes."""


class Consumer:
    """Runs one subscription."""

    def __init__(self, db: Database, broker: Broker, subscription: Subscription, clock: Clock) -> None:
        self._subscription = subscription
        self._inbox = Inbox(db, subscription.queue, clock)
        self._together = Together(db, self._inbox)
        self._effect = self._effect_of_broadcast if subscription.broadcast else self._effect_once
        self._intake = Intake(
            link=broker.consuming,
            prefetch=subscription.prefetch,
            declare=lambda channel: subscription.plan().declare(channel),
            handle=self._handle,
            failed=self._failed,
        )

    async def run(self) -> None:
        """Consume for ever; when cancelled, finish what is in hand."""
        try:
            await self._intake.run()
        finally:
            await self._together.close()

    async def _handle(self, message: AbstractIncomingMessage) -> None:
        envelope = Envelope.of(message)
        handler = self._subscription.handler_of(envelope.type)
        fact = handler.decode(envelope.body)
        delivery = Delivery(
            message_id=envelope.id,
            type=envelope.type,
            subject=envelope.subject,
            time=envelope.time,
            redelivered=bool(message.redelivered),
        )

        async def run() -> None:
            with observe.continued(envelope.traceparent, f"handle {envelope.type}", message_id=envelope.id):
                await handler.run(fact, delivery)

        with _seconds.labels(self._subscription.queue).time():
            outcome = await patiently(lambda: self._effect(handler, envelope.id, run))
        await tried(message.ack())
        self._count(outcome)

    async def _effect_once(self, handler: Handler, message_id: str, run: Callable[[], Awaitable[None]]) -> str:
        try:
            if handler.transactional:
                await self._together.effect(message_id, run)
            else:
                await self._by_itself(message_id, run)
        except AlreadyHandledError:
            return "duplicate"
        return "handled"

    async def _by_itself(self, message_id: str, run: Callable[[], Awaitable[None]]) -> None:
        if await self._inbox.has(message_id):
            raise AlreadyHandledError(message_id)
        await run()
        await self._inbox.mark([message_id])

    async def _effect_of_broadcast(self, _handler: Handler, _id: str, run: Callable[[], Awaitable[None]]) -> str:
        await run()
        return "handled"

    async def _failed(self, message: AbstractIncomingMessage, fault: Exception) -> None:
        deliveries = int(str(message.headers.get("x-delivery-count", 0)))
        log.warning(
            "bus.delivery_failed",
            queue=self._subscription.queue,
            type=message.type,
            message_id=message.message_id,
            earlier=deliveries,
            fault=type(fault).__name__,
            at=_place(fault),
        )
        again = not (isinstance(fault, UnreadableError) or self._subscription.broadcast)
        if again:
            await asyncio.sleep(min(self._subscription.retry_after * 4**deliveries, LONGEST_RETRY).total_seconds())
        # Never nack: from RabbitMQ 4.3 it does not count, and a message that always fails would return for ever.
        await tried(message.reject(requeue=again))
        self._count("failed" if again else "refused")

    def _count(self, outcome: str) -> None:
        _handled.labels(self._subscription.queue, outcome).inc()


async def patiently(effect: Callable[[], Awaitable[str]]) -> str:
    """Run *effect* again while a part that it needs is away: an outage must not use up deliveries."""
    until, wait = monotonic() + PATIENCE.total_seconds(), 0.1
    while True:
        try:
            return await effect()
        except UnavailableError:
            if monotonic() > until:
                raise
        await asyncio.sleep(jitter(wait))
        wait = min(2 * wait, LONGEST_RETRY.total_seconds())


def _place(fault: Exception) -> str:
    """Tell where *fault* was raised; its message may quote what nobody may log."""
    frames = extract_tb(fault.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
