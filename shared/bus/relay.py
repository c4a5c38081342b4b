"""Tells the facts of the outbox: publishes until the broker has confirmed, and only then deletes the row."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from typing import Final

from aio_pika.abc import AbstractChannel, AbstractExchange

from shared import observe
from shared.bus.broker import Broker
from shared.bus.outbox import Outbox, OutboxRow
from shared.bus.publishing import PUBLISH_LIMIT, Fate, fates
from shared.bus.subscription import Subscription
from shared.bus.topology import facts_exchange
from shared.cancelling import heeded
from shared.clock import Clock, monotonic
from shared.mongo import Database, LeaseLostError, Leases

log = observe.logger(__name__)
_told = observe.counter("outbox_published_total", "Attempts to publish a fact, by what became of them.", ("fate",))
_waiting = observe.gauge("outbox_waiting", "Facts that a queue wants and the broker has not confirmed.", ())
_oldest = observe.gauge("outbox_oldest_seconds", "Age of the oldest fact in the outbox.", ())

IN_FLIGHT: Final = 500
"""Publishes that wait for their confirmation at once."""
LEASE: Final = timedelta(seconds=5)
LOOK: Final = 0.5
"""Seconds between looks for rows of other processes; the own ones wake the relay."""
MEASURE: Final = 5.0
FIRST_POSTPONED: Final = timedelta(seconds=2)
LONGEST_POSTPONED: Final = timedelta(minutes=5)
UNWANTED_KEPT: Final = timedelta(days=1)
"""A queue that was declared once stays: a fact that none has wanted for so long is meant for nobody here."""


class Relay:
    """Of all replicas of a service one relays at a time; a second one would only make duplicates."""

    def __init__(
        self, db: Database, broker: Broker, outbox: Outbox, clock: Clock, *, hears: Sequence[Subscription] = ()
    ) -> None:
        """*hears* are the service's own subscriptions: their queues are there before the first fact is told."""
        self._hears = hears
        self._rows = db.collection(OutboxRow)
        self._leases = Leases(db)
        self._broker, self._outbox, self._clock = broker, outbox, clock
        self._tidied = 0.0

    async def watch(self) -> None:
        """Measure what waits, for ever: every replica does, and most of all while no broker answers."""
        while True:
            await self.measure()
            await asyncio.sleep(MEASURE)

    async def measure(self) -> None:
        """Set the metrics."""
        oldest = await self._rows.find_one({"unwanted": False}, sort=["created_at"])
        _waiting.set(await self._rows.count({"unwanted": False}))
        _oldest.set((self._clock() - oldest.created_at).total_seconds() if oldest else 0)

    async def run(self) -> None:
        """Relay for ever, whenever this process holds the lease; one without a broker leaves it to the others."""
        await self._broker.publishing.serve(self._turn)

    async def _turn(self, channel: AbstractChannel) -> None:
        try:
            async with self._leases.hold("relay", ttl=LEASE):
                await heeded(self._prepare(channel))
                await self._session(channel)
        except LeaseLostError:
            log.warning("relay.lease_lost")

    async def _prepare(self, channel: AbstractChannel) -> None:
        # A fact that another queue takes is confirmed: one that the service hears itself would pass a queue by that
        # its consumer has not declared yet.
        for subscription in self._hears:
            if not subscription.broadcast:
                await subscription.plan().declare(channel)

    async def _session(self, channel: AbstractChannel) -> None:
        exchange = await heeded(facts_exchange(channel))
        while True:
            self._outbox.filled.clear()
            await self._tidy()
            rows = await self._rows.list({"due_at": {"$lte": self._clock()}}, sort=["due_at"], limit=IN_FLIGHT)
            if not rows:
                await self._until_filled()
            elif Fate.UNKNOWN in await self._tell(exchange, rows):
                return  # the first attempt is not settled: the same id must not go twice on one channel

    async def _tell(self, exchange: AbstractExchange, rows: Sequence[OutboxRow]) -> list[Fate]:
        found = await fates([_publish(exchange, row) for row in rows])
        for fate in found:
            _told.labels(fate).inc()
        await self._forget([row.id for row, fate in zip(rows, found, strict=True) if fate is Fate.CONFIRMED])
        for fate in (Fate.UNROUTABLE, Fate.REFUSED):
            left = [row for row, became in zip(rows, found, strict=True) if became is fate]
            await self._postpone(left, unwanted=fate is Fate.UNROUTABLE)
        return found

    async def _forget(self, ids: list[str]) -> None:
        if ids:
            await self._rows.delete({"_id": {"$in": ids}})

    async def _postpone(self, rows: list[OutboxRow], *, unwanted: bool) -> None:
        """Keep *rows* for later: behind the others, or facts that nobody wants would stop all."""
        for attempts, group in groupby(sorted(rows, key=_attempts), key=_attempts):
            later = self._clock() + min(FIRST_POSTPONED * 2 ** min(attempts, 10), LONGEST_POSTPONED)
            kept = list(group)
            log.warning("relay.postponed", types=sorted({row.type for row in kept}), rows=len(kept), attempts=attempts)
            await self._rows.update(
                {"_id": {"$in": [row.id for row in kept]}},
                {"$set": {"due_at": later, "unwanted": unwanted}, "$inc": {"attempts": 1}},
                many=True,
            )

    async def _until_filled(self) -> None:
        try:
            async with asyncio.timeout(LOOK):
                await self._outbox.filled.wait()
        except TimeoutError:
            return

    async def _tidy(self) -> None:
        if monotonic() < self._tidied + MEASURE:
            return
        self._tidied = monotonic()
        await self._rows.delete({"unwanted": True, "created_at": {"$lte": self._clock() - UNWANTED_KEPT}})


def _attempts(row: OutboxRow) -> int:
    return row.attempts


async def _publish(exchange: AbstractExchange, row: OutboxRow) -> None:
    await exchange.publish(row.envelope().to_message(), row.type, mandatory=True, timeout=PUBLISH_LIMIT)
