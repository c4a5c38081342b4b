"""Sends campaigns: each recipient once, in batches, resumed where the last process stopped."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.newsletter.domain.campaigns.campaigns import Campaign, CampaignState, DeliveryState
from services.newsletter.domain.subscriptions.subscriptions import NewsletterRecipient
from services.newsletter.emails.campaigns import CampaignEmails
from services.newsletter.errors import CampaignNotFoundError, ListNotFoundError
from services.newsletter.store import CampaignDeliveries, Campaigns, MailingLists, Subscriptions
from shared.bus import Outbox
from shared.contracts import newsletter_v1
from shared.ids import NewId
from shared.mail import DeliveryStatus, EmailMessage, MailQueue
from shared.mongo import Transact
from shared.policy import Purpose

_DELIVERY_STATES = {
    DeliveryStatus.RELAYED: DeliveryState.ACCEPTED,
    DeliveryStatus.SUPPRESSED: DeliveryState.SUPPRESSED,
    DeliveryStatus.FAILED: DeliveryState.FAILED,
    DeliveryStatus.EXPIRED: DeliveryState.EXPIRED,
}
CAMPAIGN_EXPIRES_AFTER = timedelta(days=3)
"""An email that could not be relayed for so long is no longer news."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignSender:
    """Creates campaigns, queues their emails in batches, and records the outcome of each."""

    lists: MailingLists
    subscriptions: Subscriptions
    campaigns: Campaigns
    deliveries: CampaignDeliveries
    emails: CampaignEmails
    mail_queue: MailQueue
    outbox: Outbox
    transact: Transact
    new_id: NewId
    batch_size: int
    max_queued: int

    async def create(self, list_id: str, subject: str, text: str, *, idempotency_key: str, at: datetime) -> Campaign:
        """Create a draft; nothing is sent."""
        if await self.lists.get(list_id) is None:
            raise ListNotFoundError
        campaign = Campaign(
            campaign_id=self.new_id("cmp"),
            list_id=list_id,
            subject=subject,
            text=text,
            state=CampaignState.DRAFT,
            started_at=None,
            cursor="",
            recipients_queued=False,
            counts={},
            created_at=at,
            sent_at=None,
        )
        return await self.campaigns.add(campaign, idempotency_key=idempotency_key)

    async def start(self, campaign_id: str, *, at: datetime) -> Campaign:
        """Start sending to the current subscribers; a campaign that was started stays as it is."""
        await self.campaigns.start(campaign_id, at)
        return await self.get(campaign_id)

    async def get(self, campaign_id: str) -> Campaign:
        """Return a campaign with its current counts; raises CampaignNotFoundError."""
        found = await self.campaigns.get(campaign_id)
        if found is None:
            raise CampaignNotFoundError
        if found.state is not CampaignState.SENDING:
            return found
        return replace(found, counts=await self.deliveries.count_by_state(campaign_id))

    async def advance(self, *, at: datetime) -> bool:
        """Advance each running campaign by one step; return whether any advanced.

        A step is one transaction over the cursor, the queued emails and their deliveries. A process that is killed
        leaves either all of it or nothing; of two processes at the same step, one finds the cursor advanced.
        """
        progressed = False
        for campaign in await self.campaigns.list_running():
            waiting = await self.deliveries.count_waiting(campaign.campaign_id)
            if campaign.recipients_queued:
                progressed |= waiting == 0 and await self._complete(campaign, at)
            elif waiting < self.max_queued:
                progressed |= await self._queue_batch(campaign, at)
        return progressed

    async def should_send(self, mail_id: str, subscriber_id: str, *, at: datetime) -> bool:
        """Return whether the recipient is still subscribed, asked just before the email is sent (C10)."""
        if not await self.subscriptions.is_active(subscriber_id):
            return False
        await self.deliveries.mark_attempted(mail_id, at)
        return True

    async def record_outcome(self, mail_id: str, state: DeliveryStatus, *, at: datetime) -> None:
        """Record the outcome of an email."""
        await self.deliveries.complete(mail_id, _DELIVERY_STATES[state], at)

    async def _queue_batch(self, campaign: Campaign, at: datetime) -> bool:
        """Queue the emails of the next batch."""
        mailing_list = await self.lists.get(campaign.list_id)
        if mailing_list is None or campaign.started_at is None:
            raise ListNotFoundError
        limit = campaign.batch_size(self.batch_size)
        batch = await self.subscriptions.next_batch(
            campaign.list_id, after=campaign.cursor, until=campaign.started_at, limit=limit
        )
        compiled = self.emails.compile_campaign(campaign, mailing_list)
        emails = [(recipient, compiled.render(recipient)) for recipient in batch.recipients]

        async def work() -> bool:
            cursor = batch.last_id or campaign.cursor
            if not await self.campaigns.advance_cursor(campaign, cursor=cursor, recipients_queued=batch.is_last):
                return False
            await self._enqueue(campaign.campaign_id, emails, at)
            return True

        return await self.transact(work)

    async def _enqueue(
        self, campaign_id: str, emails: list[tuple[NewsletterRecipient, EmailMessage]], at: datetime
    ) -> None:
        # The cursor prevents duplicates; this check also covers a cursor that an operator has set back.
        ids = [recipient.subscription.subscription_id for recipient, _ in emails]
        known = await self.deliveries.list_existing(campaign_id, ids)
        fresh = [pair for pair in emails if pair[0].subscription.subscription_id not in known]
        mail_ids = await self.mail_queue.enqueue_many(
            [(recipient.subscription.subscriber_id, email) for recipient, email in fresh],
            purpose=Purpose.NEWSLETTER,
            expires_after=CAMPAIGN_EXPIRES_AFTER,
        )
        subscriptions = [recipient.subscription.subscription_id for recipient, _ in fresh]
        await self.deliveries.add(campaign_id, dict(zip(subscriptions, mail_ids, strict=True)), at)

    async def _complete(self, campaign: Campaign, at: datetime) -> bool:
        """Mark the campaign as sent and publish that."""

        async def work() -> bool:
            counts = await self.deliveries.count_by_state(campaign.campaign_id)
            if not await self.campaigns.complete(campaign.campaign_id, counts, at):
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
