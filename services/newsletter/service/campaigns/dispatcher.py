"""Moves campaigns on: starts what is scheduled, stores recipients, tells workers of batches, completes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.newsletter.domain.campaigns.answers import StopVerdict
from services.newsletter.domain.campaigns.batches import BatchState, CampaignBatch
from services.newsletter.domain.campaigns.campaigns import Campaign, CampaignState, DeliveryState, StopReason
from services.newsletter.domain.campaigns.progress import count_deliveries, count_repeats
from services.newsletter.domain.campaigns.restores import DispatcherMark, RestoreWatch
from services.newsletter.service.campaigns.audience import AudienceBuilder
from services.newsletter.store import CampaignBatches, Campaigns
from shared import observe
from shared.bus import Outbox
from shared.clock import monotonic
from shared.contracts import newsletter_v1
from shared.mongo import Transact

log = observe.get_logger(__name__)

_OUTSTANDING = 8
"""Batches of one campaign that are queued or held; the others wait in the database, where a pause finds them."""
_QUEUED_AGAIN_AFTER = timedelta(minutes=5)


@dataclass(slots=True)
class HoldWatch:
    """Sees which holders show no life. Clocks of different machines are never compared."""

    ttl: float
    _seen: dict[str, tuple[int, float]] = field(default_factory=dict)

    def list_expired(self, held: Sequence[CampaignBatch], now: float) -> list[CampaignBatch]:
        """Return those of the *held* batches whose beat has not changed for the whole length of a hold."""
        self._seen = {
            each.batch_id: seen
            if (seen := self._seen.get(each.batch_id)) is not None and seen[0] == each.beat
            else (each.beat, now)
            for each in held
        }
        return [each for each in held if now - self._seen[each.batch_id][1] >= self.ttl]


@dataclass(slots=True, kw_only=True)
class CampaignDispatcher:
    """Runs in one process at a time, which holds a lease; a second one would only find its changes made."""

    campaigns: Campaigns
    batches: CampaignBatches
    audience: AudienceBuilder
    outbox: Outbox
    transact: Transact
    hold_watch: HoldWatch
    restore_watch: RestoreWatch
    """At a sign that the data come from a backup, what runs is paused."""

    async def advance(self, *, at: datetime) -> bool:
        """Advance each campaign by one step; return whether any advanced."""
        await self._check_restore(at)
        await self._start_scheduled(at)
        await self._take_back_expired(at)
        progressed = False
        for campaign in await self.campaigns.list_by_state(CampaignState.SENDING):
            if not campaign.progress.is_complete:
                progressed |= await self.audience.advance(campaign, at=at)
            progressed |= await self._queue_batches(campaign, at)
        return progressed

    async def _check_restore(self, at: datetime) -> None:
        """Pause everything after a restore: the database would send again what is sent since its backup."""
        stored = await self.campaigns.read_dispatcher()
        sign = self.restore_watch.find_sign(stored, at)
        if sign is not None:
            await self._pause_all(StopVerdict(StopReason.INTERRUPTED, sign))
        if stored is None or sign is not None or at - stored.seen_at > timedelta(seconds=5):
            await self.campaigns.write_dispatcher(DispatcherMark(seen_at=at, data_epoch=self.restore_watch.data_epoch))
            self.restore_watch.note_mark(at)

    async def _pause_all(self, verdict: StopVerdict) -> None:
        for campaign in await self.campaigns.list_by_state(CampaignState.SENDING):
            if await self.campaigns.mark_paused(campaign.campaign_id, verdict):
                log.warning("newsletter.campaign_paused", campaign_id=campaign.campaign_id, reason=verdict.reason)
        for campaign in await self.campaigns.list_by_state(CampaignState.SCHEDULED):
            await self.campaigns.mark_held(campaign.campaign_id, verdict)

    async def _start_scheduled(self, at: datetime) -> None:
        for campaign in await self.campaigns.list_by_state(CampaignState.SCHEDULED):
            if campaign.scheduled_at is None or campaign.scheduled_at > at:
                continue
            if campaign.is_missed(at):
                verdict = StopVerdict(StopReason.MISSED, f"its time was {campaign.scheduled_at:%Y-%m-%d %H:%M} UTC")
                await self.campaigns.mark_held(campaign.campaign_id, verdict)
            else:
                await self.campaigns.start(campaign.campaign_id, at, expect=(CampaignState.SCHEDULED,))

    async def _take_back_expired(self, at: datetime) -> None:
        for batch in self.hold_watch.list_expired(await self.batches.list_held(), monotonic()):
            if await self.batches.take_back(batch, due_at=at):
                log.warning("newsletter.hold_expired", batch_id=batch.batch_id, campaign_id=batch.campaign_id)

    async def _queue_batches(self, campaign: Campaign, at: datetime) -> bool:
        """Tell workers of batches that are due; complete the campaign when all are done."""
        busy = await self.batches.list_busy(campaign.campaign_id)
        ready = await self.batches.list_ready(campaign.campaign_id, limit=_OUTSTANDING)
        if not busy and not ready and campaign.progress.is_complete:
            return await self._complete(campaign, at)
        lost = [each for each in busy if each.state is BatchState.QUEUED and each.due_at <= at]
        room = max(0, _OUTSTANDING - len(busy)) + len(lost)
        due = [*lost, *(each for each in ready if each.due_at <= at)]
        return any([await self._queue(each, at) for each in due[:room]])

    async def _queue(self, batch: CampaignBatch, at: datetime) -> bool:
        async def work() -> bool:
            if not await self.batches.mark_queued(batch, retry_at=at + _QUEUED_AGAIN_AFTER):
                return False
            queued = newsletter_v1.CampaignBatchQueued(batch_id=batch.batch_id, campaign_id=batch.campaign_id)
            await self.outbox.put(queued, subject=batch.campaign_id)
            return True

        return await self.transact(work)

    async def _complete(self, campaign: Campaign, at: datetime) -> bool:
        """Mark the campaign as sent and publish that."""
        batches = await self.batches.list_by_campaign(campaign.campaign_id)
        if any(each.state is not BatchState.DONE for each in batches):
            return False  # a repeated event let a worker claim it between the two reads of the caller
        counts, repeats = count_deliveries(batches), count_repeats(batches)

        async def work() -> bool:
            if not await self.campaigns.complete(campaign.campaign_id, counts, repeats, at):
                return False
            event = newsletter_v1.CampaignSent(
                campaign_id=campaign.campaign_id,
                list_id=campaign.list_id,
                accepted_count=counts.get(DeliveryState.ACCEPTED, 0),
            )
            event.sent_at.FromDatetime(at)
            await self.outbox.put(event, subject=campaign.campaign_id)
            return True

        return await self.transact(work)
