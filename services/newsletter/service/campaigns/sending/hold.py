"""The hold of a worker on a batch: valid while it could be renewed, by the clock of this process alone."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from services.newsletter.domain.campaigns.batches import CampaignBatch
from services.newsletter.domain.campaigns.campaigns import Campaign, CampaignDelivery
from services.newsletter.store import CampaignBatches, Campaigns
from shared.clock import monotonic
from shared.mongo import StoreUnavailableError

_SAFETY_FACTOR = 0.8
_MAX_RENEWAL_INTERVAL = 0.5


@dataclass(slots=True, kw_only=True, eq=False)
class BatchHold:
    """A batch that this worker may send. ``is_valid`` is asked immediately before each email."""

    batch: CampaignBatch
    campaign: Campaign
    holder: str
    ttl: float
    composed_at: datetime
    """The Date of the emails."""
    dkim_selector: str
    """The key that signs them."""
    put_back_after: float
    """The time of the monotonic clock at which the batch is put back, so that its message is settled in time."""
    deliveries: dict[str, CampaignDelivery] | None = None
    """The deliveries of the batch by their ids, as they were stored last; None until they are read."""
    _deadline: float = 0.0
    is_stopped: bool = False
    """The campaign was paused or cancelled, or the process stops."""

    @property
    def is_valid(self) -> bool:
        """Whether the next email may be sent."""
        return not self.is_stopped and monotonic() < min(self._deadline, self.put_back_after)

    def note_renewal(self, renewed: float) -> None:
        """Note that the hold was renewed by a request sent at *renewed* on the monotonic clock."""
        self._deadline = renewed + self.ttl * _SAFETY_FACTOR

    async def keep_alive(self, batches: CampaignBatches, campaigns: Campaigns) -> None:
        """Renew the hold until cancelled; stop it when the campaign does not run any more."""
        while True:
            await asyncio.sleep(min(self.ttl / 5, _MAX_RENEWAL_INTERVAL))
            began = monotonic()
            try:
                renewed = await batches.renew_hold(self.batch.batch_id, holder=self.holder)
                campaign = await campaigns.get(self.batch.campaign_id)
            except StoreUnavailableError:
                continue
            if not renewed or campaign is None or not campaign.is_running:
                self.is_stopped = True
            if renewed:
                self.note_renewal(began)
