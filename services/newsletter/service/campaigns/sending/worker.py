"""Sends batches: claims one, sends what is due over many lanes at once, lets it go."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from services.newsletter.domain.campaigns.batches import BatchState, CampaignBatch
from services.newsletter.domain.campaigns.campaigns import Campaign, CampaignDelivery, DeliveryState, count_by_state
from services.newsletter.domain.campaigns.recipients import CampaignRecipient
from services.newsletter.domain.campaigns.restores import RestoreWatch
from services.newsletter.emails.campaigns import CampaignEmails
from services.newsletter.service.campaigns.sending.hold import BatchHold
from services.newsletter.service.campaigns.sending.lane import (
    DeliveryLane,
    HoldEndedError,
    LaneParts,
)
from services.newsletter.store import (
    CampaignBatches,
    CampaignDeliveries,
    Campaigns,
    MailingLists,
    Recipients,
)
from shared.clock import monotonic
from shared.ids import NewId

_LANES_PER_CONNECTION = 2
"""While one email of a connection waits for its answer, the next one is checked, signed and marked."""
_IDLE_CHECK_INTERVAL = 10.0
_LONGEST_HOLD = 300.0
"""Seconds after which a batch is put back: the broker takes a message back that is not acknowledged for long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignWorker:
    """Sends the batches of which it is told; several processes share a campaign."""

    lists: MailingLists
    campaigns: Campaigns
    batches: CampaignBatches
    deliveries: CampaignDeliveries
    recipients: Recipients
    emails: CampaignEmails
    parts: LaneParts
    new_id: NewId
    hold_ttl: float
    restore_watch: RestoreWatch
    _holds: set[BatchHold] = field(default_factory=set)

    async def run(self) -> None:
        """Store answers and end idle sessions until cancelled; then let every batch go after the email under way."""
        recording = asyncio.create_task(self.parts.answers.run(), name="record-answers")
        try:
            while True:
                await asyncio.sleep(_IDLE_CHECK_INTERVAL)
                if not self._holds:
                    await self.parts.relay.quit_sessions()
        finally:
            recording.cancel()
            await asyncio.gather(recording, return_exceptions=True)
            for hold in self._holds:
                hold.is_stopped = True

    async def send_batch(self, batch_id: str) -> None:
        """Send what is due of a batch, unless another worker holds it or its campaign does not run."""
        batch = await self.batches.get(batch_id)
        if batch is None or batch.state not in (BatchState.READY, BatchState.QUEUED):
            return
        campaign = await self.campaigns.get(batch.campaign_id)
        if campaign is None or not campaign.is_running or not await self._is_dispatched():
            await self.batches.take_back(batch, due_at=self.parts.clock())  # its turn comes when the campaign goes on
            return
        hold = await self._claim(batch, campaign)
        if hold is not None:
            await self._send_while_held(hold)

    async def _is_dispatched(self) -> bool:
        """Return whether the dispatcher has been here lately; it pauses campaigns whose data may be from a backup."""
        stored = await self.campaigns.read_dispatcher()
        return stored is not None and self.restore_watch.find_sign(stored, self.parts.clock()) is None

    async def _send_while_held(self, hold: BatchHold) -> None:
        batch_id = hold.batch.batch_id
        keeping = asyncio.create_task(hold.keep_alive(self.batches, self.campaigns), name=f"hold-{batch_id}")
        self._holds.add(hold)
        try:
            await self._send_held(hold)
            await self.parts.answers.flush_answers()
        finally:
            self._holds.discard(hold)
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            await self._release(hold)

    async def _claim(self, batch: CampaignBatch, campaign: Campaign) -> BatchHold | None:
        holder, began, at = self.new_id("hold"), monotonic(), self.parts.clock()
        selector = self.emails.dkim_selector if batch.dkim_selector is None else batch.dkim_selector
        if not await self.batches.claim(batch, holder=holder, composed_at=at, dkim_selector=selector):
            return None
        hold = BatchHold(
            batch=batch,
            campaign=campaign,
            holder=holder,
            ttl=self.hold_ttl,
            composed_at=batch.composed_at or at,
            dkim_selector=selector,
            put_back_after=began + _LONGEST_HOLD,
        )
        hold.note_renewal(began)
        return hold

    async def _send_held(self, hold: BatchHold) -> None:
        at = self.parts.clock()
        found = {each.delivery_id: each for each in await self.deliveries.list_by_batch(hold.batch)}
        hold.deliveries = found
        due = [each for each in found.values() if each.is_due(at)]
        mailing_list = await self.lists.get(hold.campaign.list_id)
        if not due or mailing_list is None:
            return
        recipients = await self.recipients.map_recipients([each.subscription_id for each in due])
        lane = DeliveryLane(
            parts=self.parts,
            hold=hold,
            composer=self.emails.compile_campaign(
                hold.campaign, mailing_list, at=hold.composed_at, dkim_selector=hold.dkim_selector
            ),
        )
        queue = iter(due)
        lanes = [
            _run_lane(lane, queue, recipients, found) for _ in range(self.parts.relay.size * _LANES_PER_CONNECTION)
        ]
        await asyncio.gather(*lanes)

    async def _release(self, hold: BatchHold) -> None:
        """Let the batch go, with its counts; the next holder sends what was not sent."""
        at = self.parts.clock()
        if hold.deliveries is None:  # nothing was read, so nothing is known of what is left
            await self.batches.take_back_from(hold.batch.batch_id, holder=hold.holder, due_at=at)
            return
        found = hold.deliveries.values()
        await self.batches.release_hold(
            hold.batch.batch_id,
            holder=hold.holder,
            at=at,
            due_at=_find_due_time(found, at),
            counts=count_by_state(found),
            repeated_count=sum(each.repeats for each in found),
        )


async def _run_lane(
    lane: DeliveryLane,
    queue: Iterator[CampaignDelivery],
    recipients: dict[str, CampaignRecipient],
    found: dict[str, CampaignDelivery],
) -> None:
    try:
        for delivery in queue:
            done = await lane.send_delivery(delivery, recipients.get(delivery.subscription_id))
            found[delivery.delivery_id] = done
    except HoldEndedError:
        return


def _find_due_time(deliveries: Iterable[CampaignDelivery], at: datetime) -> datetime | None:
    """Return when the next of *deliveries* is to be sent; None when none is left."""
    return min((each.due_at or at for each in deliveries if each.state is DeliveryState.WAITING), default=None)
