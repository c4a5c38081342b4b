"""What staff do with campaigns."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.newsletter.domain.campaigns.answers import StopVerdict
from services.newsletter.domain.campaigns.campaigns import Campaign, CampaignState, StopReason
from services.newsletter.domain.campaigns.progress import count_deliveries, count_repeats
from services.newsletter.domain.campaigns.schedule import parse_schedule
from services.newsletter.domain.subscriptions.lists import MailingList
from services.newsletter.emails.campaigns import CampaignEmails
from services.newsletter.errors import CampaignNotFoundError, CampaignStateError, ListNotFoundError
from services.newsletter.errors.segments import SegmentNotFoundError
from services.newsletter.store import CampaignBatches, Campaigns, MailingLists, Segments
from shared.ids import NewId

_STARTABLE = (CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.HELD)


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignContent:
    """What an editor writes."""

    list_id: str
    subject: str
    text: str
    segment_id: str = ""
    is_public: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignEditor:
    """Creates, schedules, starts, pauses and ends campaigns; the dispatcher and the workers do the rest."""

    lists: MailingLists
    segments: Segments
    campaigns: Campaigns
    batches: CampaignBatches
    emails: CampaignEmails
    new_id: NewId

    async def create(self, content: CampaignContent, *, idempotency_key: str, at: datetime) -> Campaign:
        """Create a draft; nothing is sent."""
        await self._get_list(content.list_id)
        await self._check_segment(content)
        self.emails.check_subject(content.subject)
        self.emails.check_text(content.text)
        campaign = Campaign(
            campaign_id=self.new_id("cmp"),
            list_id=content.list_id,
            segment_id=content.segment_id,
            subject=content.subject,
            text=content.text,
            state=CampaignState.DRAFT,
            started_at=None,
            counts={},
            is_public=content.is_public,
            created_at=at,
            sent_at=None,
        )
        return await self.campaigns.add(campaign, idempotency_key=idempotency_key)

    async def update_draft(self, campaign_id: str, *, subject: str, text: str, is_public: bool) -> Campaign:
        """Replace the contents of a campaign that has not been started."""
        self.emails.check_subject(subject)
        self.emails.check_text(text)
        changed = await self.campaigns.update_draft(campaign_id, subject=subject, text=text, is_public=is_public)
        return await self._get_after(campaign_id, changed=changed)

    async def schedule(self, campaign_id: str, local_time: str, time_zone: str, *, at: datetime) -> Campaign:
        """Send it at a local time; a second schedule replaces the first."""
        schedule = parse_schedule(local_time, time_zone, now=at)
        return await self._get_after(campaign_id, changed=await self.campaigns.schedule(campaign_id, schedule))

    async def clear_schedule(self, campaign_id: str) -> Campaign:
        """Make a scheduled or held campaign a draft again."""
        return await self._get_after(campaign_id, changed=await self.campaigns.clear_schedule(campaign_id))

    async def start(self, campaign_id: str, *, at: datetime) -> Campaign:
        """Start sending to the current subscribers; a campaign that was started before stays as it is."""
        await self.campaigns.start(campaign_id, at, expect=_STARTABLE)
        found = await self.get(campaign_id)
        if found.state is CampaignState.CANCELLED:
            raise CampaignStateError
        return found

    async def pause_campaign(self, campaign_id: str) -> Campaign:
        """Pause it: nothing more goes out until it is resumed. Emails that are with the relay are not called back."""
        verdict = StopVerdict(StopReason.STAFF, "")
        return await self._get_after(
            campaign_id, changed=await self.campaigns.mark_paused(campaign_id, verdict), fine=CampaignState.PAUSED
        )

    async def resume(self, campaign_id: str) -> Campaign:
        """Go on with a paused campaign."""
        return await self._get_after(
            campaign_id, changed=await self.campaigns.resume(campaign_id), fine=CampaignState.SENDING
        )

    async def cancel(self, campaign_id: str) -> Campaign:
        """End it for good; what has not been sent stays unsent."""
        return await self._get_after(
            campaign_id, changed=await self.campaigns.cancel(campaign_id), fine=CampaignState.CANCELLED
        )

    async def get(self, campaign_id: str) -> Campaign:
        """Return a campaign with its current counts; raises CampaignNotFoundError."""
        found = await self.campaigns.get(campaign_id)
        if found is None:
            raise CampaignNotFoundError
        if found.state is CampaignState.SENT:
            return found
        batches = await self.batches.list_by_campaign(campaign_id)
        return replace(found, counts=count_deliveries(batches), repeated_count=count_repeats(batches))

    async def list_after(self, *, after: str | None, limit: int) -> list[Campaign]:
        """Return campaigns by their ids, without the counts of those that are being sent."""
        return await self.campaigns.list_after(after=after, limit=limit)

    async def _check_segment(self, content: CampaignContent) -> None:
        segment = await self.segments.get(content.segment_id) if content.segment_id else None
        if content.segment_id and (segment is None or segment.list_id != content.list_id):
            raise SegmentNotFoundError

    async def _get_after(self, campaign_id: str, *, changed: bool, fine: CampaignState | None = None) -> Campaign:
        """Return the campaign; raises CampaignStateError when nothing *changed*, unless it is *fine* already."""
        found = await self.get(campaign_id)
        if not changed and found.state is not fine:
            raise CampaignStateError(f"the campaign is {found.state.value}")
        return found

    async def _get_list(self, list_id: str) -> MailingList:
        found = await self.lists.get(list_id)
        if found is None:
            raise ListNotFoundError
        return found
