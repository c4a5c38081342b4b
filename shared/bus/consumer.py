"""Consumes events idempotently."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from traceback import extract_tb
from typing import Final

from aio_pika.abc import AbstractIncomingMessage

from shared import observe
from shared.backoff import Backoff
from shared.bus.broker import Broker, settle_if_open
from shared.bus.consumer_loop import ConsumerLoop
from shared.bus.envelope import EventEnvelope
from shared.bus.errors import MalformedMessageError
from shared.bus.group_commit import GroupCommit
from shared.bus.inbox import AlreadyHandledError, Inbox
from shared.bus.subscription import EventDelivery, EventHandler, EventSubscription
from shared.clock import Clock, monotonic
from shared.errors import UnavailableError
from shared.mongo import Database

log = observe.get_logger(__name__)
_deliveries = observe.counter("candor_consumer_deliveries_total", "Deliveries by outcome.", ("queue", "outcome"))
_process_seconds = observe.histogram(
    "candor_consumer_process_duration_seconds", "How long a delivery took.", ("queue",)
)

MAX_RETRY_DELAY: Final = timedelta(seconds=5)
_UNAVAILABLE_BACKOFF: Final = Backoff(0.1, 5.0)
RETRY_TIMEOUT: Final = timedelta(minutes=10)
"""How long a delivery waits for an unavailable dependency before it fails; the broker's own limit is 30 minutes."""


class Consumer:
    """Runs one subscription."""

    def __init__(self, db: Database, broker: Broker, subscription: EventSubscription, clock: Clock) -> None:
        self._subscription = subscription
        self._inbox = Inbox(db, subscription.queue, clock)
        self._group_commit = GroupCommit(db, self._inbox)
        self._apply = self._apply_broadcast if subscription.broadcast else self._apply_once
        self._consumer_loop = ConsumerLoop(
            connection=broker.consume_connection,
            prefetch=subscription.prefetch,
            declare=lambda channel: subscription.build_queue().declare_on(channel),
            handle=self._handle,
            on_failure=self._on_failure,
        )

    async def run(self) -> None:
        """Consume until cancelled, then finish the deliveries in progress."""
        try:
            await self._consumer_loop.run()
        finally:
            await self._group_commit.close()

    async def _handle(self, message: AbstractIncomingMessage) -> None:
        envelope = EventEnvelope.from_message(message)
        handler = self._subscription.get_handler(envelope.type)
        event = handler.parse(envelope.body)
        delivery = EventDelivery(
            message_id=envelope.id,
            type=envelope.type,
            subject=envelope.subject,
            time=envelope.time,
            redelivered=bool(message.redelivered),
        )

        async def run() -> None:
            with observe.span_from_traceparent(envelope.traceparent, f"handle {envelope.type}", message_id=envelope.id):
                await handler.run(event, delivery)

        with _process_seconds.labels(self._subscription.queue).time():
            outcome = await retry_while_unavailable(lambda: self._apply(handler, envelope.id, run))
        await settle_if_open(message.ack())
        self._count_delivery(outcome)

    async def _apply_once(self, handler: EventHandler, message_id: str, run: Callable[[], Awaitable[None]]) -> str:
        try:
            if handler.transactional:
                await self._group_commit.apply(message_id, run)
            else:
                await self._apply_without_transaction(message_id, run)
        except AlreadyHandledError:
            return "duplicate"
        return "handled"

    async def _apply_without_transaction(self, message_id: str, run: Callable[[], Awaitable[None]]) -> None:
        if await self._inbox.has(message_id):
            raise AlreadyHandledError(message_id)
        await run()
        await self._inbox.mark_handled([message_id])

    async def _apply_broadcast(self, _handler: EventHandler, _id: str, run: Callable[[], Awaitable[None]]) -> str:
        await run()
        return "handled"

    async def _on_failure(self, message: AbstractIncomingMessage, fault: Exception) -> None:
        deliveries = int(str(message.headers.get("x-delivery-count", 0)))
        log.warning(
            "consumer.delivery_failed",
            queue=self._subscription.queue,
            type=message.type,
            message_id=message.message_id,
            earlier=deliveries,
            fault=type(fault).__name__,
            at=_source_location(fault),
        )
        should_requeue = not (isinstance(fault, MalformedMessageError) or self._subscription.broadcast)
        if should_requeue:
            first, longest = self._subscription.retry_after, MAX_RETRY_DELAY
            backoff = Backoff(first.total_seconds(), longest.total_seconds(), factor=4)
            await asyncio.sleep(backoff.delay_seconds(deliveries + 1))
        # Never nack: from RabbitMQ 4.3 a nack does not count as a delivery, so a poison message would loop endlessly.
        await settle_if_open(message.reject(requeue=should_requeue))
        self._count_delivery("failed" if should_requeue else "rejected")

    def _count_delivery(self, outcome: str) -> None:
        _deliveries.labels(self._subscription.queue, outcome).inc()


async def retry_while_unavailable(operation: Callable[[], Awaitable[str]]) -> str:
    """Retry *operation* while a dependency is unavailable: an outage must not use up the delivery limit."""
    until = monotonic() + RETRY_TIMEOUT.total_seconds()
    for failures in count(1):
        try:
            return await operation()
        except UnavailableError:
            if monotonic() > until:
                raise
        await asyncio.sleep(_UNAVAILABLE_BACKOFF.delay_seconds(failures))
    raise AssertionError("count() does not end")


def _source_location(fault: Exception) -> str:
    """Return where *fault* was raised; its message may quote personal data."""
    frames = extract_tb(fault.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
