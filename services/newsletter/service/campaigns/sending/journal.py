"""The journal of a worker: what is about to be sent and what was answered, durable before the next email goes out."""

import asyncio
from collections.abc import Sequence

from services.newsletter.domain.campaigns.campaigns import CampaignDelivery
from services.newsletter.service.campaigns.sending.micro_batch import MicroBatch
from services.newsletter.store import CampaignDeliveries
from shared import observe
from shared.backoff import Backoff
from shared.clock import Clock
from shared.mongo import StoreUnavailableError

log = observe.get_logger(__name__)

_BACKOFF = Backoff(0.1, 2.0)


class SendingJournal:
    """Stores attempts and answers in the order in which they happen.

    A connection writes the mark of its next email after the answer to the one before, and sends the content once the
    mark is stored. So at most one email a connection is open when the process is killed.
    """

    def __init__(self, deliveries: CampaignDeliveries, clock: Clock) -> None:
        self._deliveries, self._clock = deliveries, clock
        self._writes: MicroBatch[CampaignDelivery, CampaignDelivery] = MicroBatch(self._write)

    def write_delivery(self, delivery: CampaignDelivery) -> "asyncio.Future[CampaignDelivery]":
        """Store *delivery* as it is now, after all that was written before; the future is done when it is durable."""
        return self._writes.submit(delivery)

    async def close(self) -> None:
        """Wait until everything is stored."""
        await self._writes.close()

    async def _write(self, deliveries: Sequence[CampaignDelivery]) -> Sequence[CampaignDelivery]:
        failures = 0
        while True:
            try:
                await self._deliveries.write_attempts(deliveries, at=self._clock())
            except StoreUnavailableError:
                # An answer that is not stored would be asked for again: wait for the database, whatever it takes.
                failures += 1
                log.warning("newsletter.journal_unavailable", failures=failures)
                await asyncio.sleep(_BACKOFF.delay_seconds(failures))
            else:
                return deliveries
