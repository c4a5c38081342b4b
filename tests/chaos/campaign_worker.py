"""A sender of campaigns, as a process that can be killed: ``python -m tests.chaos.campaign_worker KIND``.

*ours* is the code of newsletter. The other two are wrong on purpose: one records before it sends, one after a batch.
"""

import asyncio
import os
import sys
from dataclasses import replace

from services.newsletter.domain.campaigns.campaigns import CampaignDelivery, DeliveryState
from services.newsletter.service.campaigns.sending.journal import SendingJournal
from services.newsletter.settings import Settings
from services.newsletter.store import CampaignDeliveries
from services.newsletter.wiring.campaigns import build_campaign_subscription, build_campaign_workers
from services.newsletter.wiring.modules import build_modules
from shared import observe
from shared.bus import Consumer, OutboxRelay
from shared.chassis.spec import open_chassis
from shared.clock import Clock, utc_now

LATE = 40


class RecordsFirst(SendingJournal):
    """Records an email as accepted before its content is sent: a kill skips it."""

    def write_delivery(self, delivery: CampaignDelivery) -> "asyncio.Future[CampaignDelivery]":
        if delivery.answer_is_lost:
            return super().write_delivery(delivery.complete(DeliveryState.ACCEPTED, utc_now(), code=250))
        return super().write_delivery(delivery)


class RecordsInBatches(SendingJournal):
    """Records answers forty at a time: a kill sends all of them again."""

    def __init__(self, deliveries: CampaignDeliveries, clock: Clock) -> None:
        super().__init__(deliveries, clock)
        self._late: list[CampaignDelivery] = []

    def write_delivery(self, delivery: CampaignDelivery) -> "asyncio.Future[CampaignDelivery]":
        if not delivery.answer_is_lost:
            self._late.append(delivery)
        if len(self._late) >= LATE:
            self.flush_late()
        done: asyncio.Future[CampaignDelivery] = asyncio.get_running_loop().create_future()
        done.set_result(delivery)
        return done

    def flush_late(self) -> None:
        """Store what was put off."""
        late, self._late = self._late, []
        for each in late:
            super().write_delivery(each)


JOURNALS = {"ours": SendingJournal, "records-first": RecordsFirst, "records-in-batches": RecordsInBatches}


async def main(kind: str) -> None:
    """Send campaigns until killed."""
    observe.configure_logging("newsletter", "error")
    settings = Settings.from_env(os.environ)
    async with open_chassis("newsletter", settings.common) as chassis:
        modules = build_modules(chassis, settings)
        campaigns = modules.campaigns
        journal = JOURNALS[kind](modules.stores.deliveries, utc_now)
        worker = campaigns.campaign_worker
        worker = replace(worker, parts=replace(worker.parts, journal=journal))
        campaigns = replace(campaigns, campaign_worker=worker)
        subscription = build_campaign_subscription(campaigns)
        relay = OutboxRelay(chassis.db, chassis.broker, chassis.outbox, chassis.clock, subscriptions=(subscription,))
        works = [
            relay.run,
            Consumer(chassis.db, chassis.broker, subscription, chassis.clock).run,
            *build_campaign_workers(chassis, campaigns, settings).values(),
        ]
        if isinstance(journal, RecordsInBatches):
            works.append(lambda: flush_at_leisure(journal))
        await asyncio.gather(*(work() for work in works))


async def flush_at_leisure(journal: RecordsInBatches) -> None:
    """Store what is left over, or the campaign would never end."""
    while True:
        await asyncio.sleep(2)
        journal.flush_late()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
