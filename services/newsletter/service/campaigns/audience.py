"""Stores the recipients of a campaign: one delivery each, in batches, in the order of their subscriptions."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.newsletter.domain.campaigns.batches import (
    BATCH_CODE_LENGTH,
    MAIL_ID_LENGTH,
    MAIL_ID_PREFIX,
    BatchState,
    CampaignBatch,
    parse_batch_code,
)
from services.newsletter.domain.campaigns.campaigns import Campaign, CampaignProgress
from services.newsletter.store import CampaignBatches, CampaignDeliveries, Campaigns, Recipients, Segments
from services.newsletter.store.segments.segments import build_query
from shared.clock import monotonic
from shared.ids import NewId
from shared.mongo import DuplicateError, Transact

_OWN_CHARACTERS = MAIL_ID_LENGTH - BATCH_CODE_LENGTH
_MAX_IDLE = 60.0
"""Seconds after which an unused query is opened again: the server has closed it."""


@dataclass(slots=True)
class _Stream:
    """The subscriptions of a campaign, read by one query."""

    pages: AsyncIterator[list[str]]
    is_resumed: bool
    """Whether another process has stored some of them, which is looked up."""
    last_use: float


@dataclass(slots=True, kw_only=True)
class AudienceBuilder:
    """Makes the deliveries of a campaign, step by step."""

    recipients: Recipients
    segments: Segments
    campaigns: Campaigns
    deliveries: CampaignDeliveries
    batches: CampaignBatches
    transact: Transact
    new_id: NewId
    batch_size: int
    batches_per_step: int
    _streams: dict[str, _Stream] = field(default_factory=dict)

    async def advance(self, campaign: Campaign, *, at: datetime) -> bool:
        """Store the next recipients of *campaign*; False when another process has.

        A step is one transaction over the progress, the batches and their deliveries. A process that is killed leaves
        either all of it or nothing; of two processes at the same step, one finds the progress changed. A process that
        continues the work of another reads all subscriptions again, and skips those that have a delivery.
        """
        stream = self._streams.pop(campaign.campaign_id, None)
        if stream is None or monotonic() - stream.last_use > _MAX_IDLE:
            stream = await self._open_stream(campaign, at)
        ids = await anext(stream.pages, None)
        try:
            stored = await self._try_store(campaign, ids, await self._select_fresh(campaign, stream, ids or []), at)
        except DuplicateError:
            return True  # another process is at it, too: begin again, with a look at what is stored
        if stored and ids is not None:
            stream.last_use = monotonic()
            self._streams[campaign.campaign_id] = stream
        return stored

    async def _open_stream(self, campaign: Campaign, at: datetime) -> _Stream:
        pages = self.recipients.iter_ids(
            campaign.list_id,
            until=campaign.started_at or at,
            page_size=self.batch_size * self.batches_per_step,
            where=await self._build_query(campaign),
        )
        return _Stream(pages, is_resumed=campaign.progress.step > 0, last_use=monotonic())

    async def _build_query(self, campaign: Campaign) -> Mapping[str, Any] | None:
        """Return the query of the campaign's segment; None for the whole list."""
        if not campaign.segment_id:
            return None
        segment = await self.segments.get(campaign.segment_id)
        # No one is in a segment that was deleted: the campaign must not go to the whole list in its place.
        return build_query(segment.filter) if segment else {"_id": {"$in": []}}

    async def _select_fresh(self, campaign: Campaign, stream: _Stream, ids: list[str]) -> list[str]:
        if not stream.is_resumed or not ids:
            return ids
        known = await self.deliveries.list_existing(campaign.campaign_id, ids)
        return [each for each in ids if each not in known]

    async def _try_store(self, campaign: Campaign, ids: list[str] | None, fresh: list[str], at: datetime) -> bool:
        progress = CampaignProgress(
            step=campaign.progress.step + 1,
            is_complete=ids is None,
            recipient_count=campaign.progress.recipient_count + len(fresh),
        )

        async def work() -> bool:
            if not await self.campaigns.advance_progress(campaign, progress):
                return False
            await self._store(campaign.campaign_id, fresh, at)
            return True

        return await self.transact(work)

    async def _store(self, campaign_id: str, subscription_ids: Sequence[str], at: datetime) -> None:
        batches: list[CampaignBatch] = []
        mail_ids: dict[str, str] = {}
        for start in range(0, len(subscription_ids), self.batch_size):
            portion = subscription_ids[start : start + self.batch_size]
            code = parse_batch_code(self.new_id("bat"))[:BATCH_CODE_LENGTH]
            # Random after the code of the batch, so that an id reveals no count.
            made = {MAIL_ID_PREFIX + code + self.new_id("m")[-_OWN_CHARACTERS:]: each for each in portion}
            mail_ids |= made
            batches.append(
                CampaignBatch(
                    batch_id=f"bat_{code}",
                    campaign_id=campaign_id,
                    state=BatchState.READY,
                    size=len(portion),
                    delivery_ids=tuple(made),
                    due_at=at,
                    counts={},
                )
            )
        if batches:
            await self.batches.add(batches)
            await self.deliveries.add(campaign_id, mail_ids, at)
