"""Consumes the batches of campaigns that are due: the replicas of newsletter share the queue."""

from dataclasses import dataclass

from services.newsletter.service.campaigns.sending.worker import CampaignWorker
from shared.bus import EventDelivery, EventSubscription, on
from shared.contracts import newsletter_v1

_BATCHES_AT_ONCE = 2
"""So that the connections are busy while one batch ends and the next one begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignBatchEvents:
    """Sends each batch that is queued."""

    worker: CampaignWorker

    def build_subscription(self) -> EventSubscription:
        """Return the subscription. Sending is more than a database access, and claims make it idempotent."""
        queued = on(newsletter_v1.CampaignBatchQueued, "newsletter", self.on_batch_queued, transactional=False)
        return EventSubscription(queue="newsletter.campaign_batches", handlers=(queued,), prefetch=_BATCHES_AT_ONCE)

    async def on_batch_queued(self, event: newsletter_v1.CampaignBatchQueued, _delivery: EventDelivery) -> None:
        """Send the batch, unless another worker holds it."""
        await self.worker.send_batch(event.batch_id)
