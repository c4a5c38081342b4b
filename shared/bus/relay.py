"""Publishes outbox events and deletes them once the broker confirms."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from typing import Final

from aio_pika.abc import AbstractChannel, AbstractExchange

from shared import observe
from shared.backoff import Backoff
from shared.bus.broker import Broker
from shared.bus.outbox import Outbox, OutboxDocument
from shared.bus.publishing import PUBLISH_TIMEOUT, PublishOutcome, publish_outcomes
from shared.bus.subscription import EventSubscription
from shared.bus.topology import events_exchange
from shared.cancellation import reraise_cancel
from shared.clock import Clock, monotonic
from shared.mongo import Database, LeaseLostError, Leases

log = observe.get_logger(__name__)
_published = observe.counter("candor_outbox_publish_total", "Attempts to publish an event, by outcome.", ("outcome",))
_pending = observe.gauge(
    "candor_outbox_pending_messages", "Events that have a queue and that the broker has not confirmed.", ()
)
_oldest_age = observe.gauge("candor_outbox_oldest_message_age_seconds", "Age of the oldest event in the outbox.", ())

MAX_IN_FLIGHT: Final = 500
"""Publishes that await their confirm at the same time."""
RELAY_LEASE_TTL: Final = timedelta(seconds=5)
POLL_INTERVAL: Final = 0.5
"""Poll interval in seconds for rows of other processes; local writes wake the relay at once."""
MEASURE_INTERVAL: Final = 5.0
BACKOFF: Final = Backoff(2, 300)
UNROUTABLE_RETENTION: Final = timedelta(days=1)
"""How long an event waits for a queue. Every event in the outbox has a declared consumer, and a queue that was declared
once stays: an older event is for a service that is not installed, or for replicas that were not running."""


class OutboxRelay:
    """Publishes the outbox, in one replica of a service at a time: a second one would only publish duplicates."""

    def __init__(
        self,
        db: Database,
        broker: Broker,
        outbox: Outbox,
        clock: Clock,
        *,
        subscriptions: Sequence[EventSubscription] = (),
    ) -> None:
        """*subscriptions* are those of the service: their queues are declared before the first event is published."""
        self._subscriptions = subscriptions
        self._rows = db.get_collection(OutboxDocument)
        self._leases = Leases(db)
        self._broker, self._outbox, self._clock = broker, outbox, clock
        self._cleaned_up = 0.0

    async def run_metrics(self) -> None:
        """Update the metrics periodically, in every replica, also while the broker is down."""
        while True:
            await self.update_metrics()
            await asyncio.sleep(MEASURE_INTERVAL)

    async def update_metrics(self) -> None:
        """Set the gauges from the outbox."""
        oldest = await self._rows.find_one({"unroutable": False}, sort=["created_at"])
        _pending.set(await self._rows.count_documents({"unroutable": False}))
        _oldest_age.set((self._clock() - oldest.created_at).total_seconds() if oldest else 0)

    async def run(self) -> None:
        """Publish while this process holds the lease; a process without a broker connection never acquires it."""
        await self._broker.publish_connection.run_on_channel(self._run_with_lease)

    async def _run_with_lease(self, channel: AbstractChannel) -> None:
        try:
            async with self._leases.acquire("relay-outbox", ttl=RELAY_LEASE_TTL):
                await reraise_cancel(self._declare_queues(channel))
                await self._publish_pending(channel)
        except LeaseLostError:
            log.warning("outbox.lease_lost")

    async def _declare_queues(self, channel: AbstractChannel) -> None:
        # The broker confirms an event that any queue accepts. An event that the service also consumes itself would be
        # lost for its own queue if the consumer had not declared that queue yet.
        for subscription in self._subscriptions:
            if not subscription.broadcast:
                await subscription.build_queue().declare_on(channel)

    async def _publish_pending(self, channel: AbstractChannel) -> None:
        exchange = await reraise_cancel(events_exchange(channel))
        while True:
            self._outbox.has_messages.clear()
            await self._delete_unroutable()
            rows = await self._rows.list({"due_at": {"$lte": self._clock()}}, sort=["due_at"], limit=MAX_IN_FLIGHT)
            if not rows:
                await self._wait_for_messages()
            elif PublishOutcome.UNKNOWN in await self._publish_batch(exchange, rows):
                return  # the first attempt may still be confirmed: never publish an id twice on one channel

    async def _publish_batch(self, exchange: AbstractExchange, rows: Sequence[OutboxDocument]) -> list[PublishOutcome]:
        outcomes = await publish_outcomes([_publish(exchange, row) for row in rows])
        for outcome in outcomes:
            _published.labels(outcome).inc()
        await self._delete_published(
            [row.id for row, outcome in zip(rows, outcomes, strict=True) if outcome is PublishOutcome.CONFIRMED]
        )
        for outcome in (PublishOutcome.UNROUTABLE, PublishOutcome.NACKED):
            unpublished = [row for row, row_outcome in zip(rows, outcomes, strict=True) if row_outcome is outcome]
            await self._postpone(unpublished, unroutable=outcome is PublishOutcome.UNROUTABLE)
        return outcomes

    async def _delete_published(self, ids: list[str]) -> None:
        if ids:
            await self._rows.delete_many({"_id": {"$in": ids}})

    async def _postpone(self, rows: list[OutboxDocument], *, unroutable: bool) -> None:
        """Retry *rows* later: events without a queue must not block the others."""
        for attempts, group in groupby(sorted(rows, key=_attempts), key=_attempts):
            due_at = self._clock() + BACKOFF.delay_for(attempts + 1)
            batch = list(group)
            log.warning(
                "outbox.publish_postponed",
                types=sorted({row.type for row in batch}),
                rows=len(batch),
                attempts=attempts,
            )
            await self._rows.update_many(
                {"_id": {"$in": [row.id for row in batch]}},
                {"$set": {"due_at": due_at, "unroutable": unroutable}, "$inc": {"attempts": 1}},
            )

    async def _wait_for_messages(self) -> None:
        try:
            async with asyncio.timeout(POLL_INTERVAL):
                await self._outbox.has_messages.wait()
        except TimeoutError:
            return

    async def _delete_unroutable(self) -> None:
        if monotonic() < self._cleaned_up + MEASURE_INTERVAL:
            return
        self._cleaned_up = monotonic()
        await self._rows.delete_many({"unroutable": True, "created_at": {"$lte": self._clock() - UNROUTABLE_RETENTION}})


def _attempts(row: OutboxDocument) -> int:
    return row.attempts


async def _publish(exchange: AbstractExchange, row: OutboxDocument) -> None:
    await exchange.publish(row.to_envelope().to_message(), row.type, mandatory=True, timeout=PUBLISH_TIMEOUT)
