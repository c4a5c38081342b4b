"""How a campaign reaches everybody who is on its list, once: letter by letter, from wherever the last process died."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.newsletter.domain import Campaign, CampaignState, DeliveryState, Recipient
from services.newsletter.errors import CampaignNotFoundError, ListNotFoundError
from services.newsletter.service.letters import Letters
from services.newsletter.service.work import Transact
from services.newsletter.store import Campaigns, Deliveries, Lists, Subscriptions
from shared.bus import Outbox
from shared.contracts import newsletter_v1
from shared.ids import NewId
from shared.mail import Letter, Post, State
from shared.policy import Purpose

_OUTCOMES = {
    State.DELIVERED: DeliveryState.ACCEPTED,
    State.WITHHELD: DeliveryState.WITHHELD,
    State.UNDELIVERABLE: DeliveryState.UNDELIVERABLE,
    State.EXPIRED: DeliveryState.EXPIRED,
}
KEEP_TRYING = timedelta(days=3)
"""Old news is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """Draft a campaign, begin it, move it on, and count what became of its letters."""

    lists: Lists
    subscriptions: Subscriptions
    campaigns: Campaigns
    deliveries: Deliveries
    letters: Letters
    post: Post
    outbox: Outbox
    transact: Transact
    new_id: NewId
    batch: int
    most_waiting: int

    async def draft(self, list_id: str, subject: str, text: str, *, operation: str, at: datetime) -> Campaign:
        """Write a campaign; nothing is sent."""
        if await self.lists.get(list_id) is None:
            raise ListNotFoundError
        made = Campaign(
            campaign_id=self.new_id("cmp"),
            list_id=list_id,
            subject=subject,
            text=text,
            state=CampaignState.DRAFT,
            begun_at=None,
            cursor="",
            expanded=False,
            counts={},
            created_at=at,
            sent_at=None,
        )
        return await self.campaigns.add(made, operation=operation)

    async def begin(self, campaign_id: str, *, at: datetime) -> Campaign:
        """Let it go to those who are on the list now. Begun twice, it is begun once."""
        await self.campaigns.begin(campaign_id, at)
        return await self.read(campaign_id)

    async def read(self, campaign_id: str) -> Campaign:
        """Return a campaign with its counts as they are now."""
        found = await self.campaigns.get(campaign_id)
        if found is None:
            raise CampaignNotFoundError
        if found.state is not CampaignState.SENDING:
            return found
        return replace(found, counts=await self.deliveries.counts(campaign_id))

    async def advance(self, *, at: datetime) -> bool:
        """Move each campaign that is under way one step on; tell whether any moved.

        A step is one transaction: the cursor, the mails, their rows. Killed anywhere, it has happened or it has not;
        of two processes at the same step, one finds the cursor moved.
        """
        moved = False
        for campaign in await self.campaigns.under_way():
            waiting = await self.deliveries.waiting(campaign.campaign_id)
            if campaign.expanded:
                moved |= waiting == 0 and await self._finish(campaign, at)
            elif waiting < self.most_waiting:
                moved |= await self._expand(campaign, at)
        return moved

    async def wanted(self, mail_id: str, subscriber_id: str, *, at: datetime) -> bool:
        """Tell, just before it is sent, whether the reader of a letter is still one (C10)."""
        if not await self.subscriptions.in_force(subscriber_id):
            return False
        await self.deliveries.hand_over(mail_id, at)
        return True

    async def settled(self, mail_id: str, state: State, *, at: datetime) -> None:
        """Note what became of a letter."""
        await self.deliveries.settle(mail_id, _OUTCOMES[state], at)

    async def _expand(self, campaign: Campaign, at: datetime) -> bool:
        """Write the next letters."""
        news = await self.lists.get(campaign.list_id)
        if news is None or campaign.begun_at is None:
            raise ListNotFoundError
        most = campaign.batch(self.batch)
        share = await self.subscriptions.share(
            campaign.list_id, after=campaign.cursor, until=campaign.begun_at, most=most
        )
        edition = self.letters.edition(campaign, news)
        letters = [(recipient, edition.to(recipient)) for recipient in share.recipients]

        async def work() -> bool:
            cursor = share.last or campaign.cursor
            if not await self.campaigns.move(campaign, cursor=cursor, expanded=share.complete):
                return False
            await self._queue(campaign.campaign_id, letters, at)
            return True

        return await self.transact(work)

    async def _queue(self, campaign_id: str, letters: list[tuple[Recipient, Letter]], at: datetime) -> None:
        # The cursor alone keeps doubles away; this holds even if somebody sets it back by hand.
        ids = [recipient.subscription.subscription_id for recipient, _ in letters]
        known = await self.deliveries.known(campaign_id, ids)
        fresh = [pair for pair in letters if pair[0].subscription.subscription_id not in known]
        mail_ids = await self.post.put_many(
            [(recipient.subscription.subscriber_id, letter) for recipient, letter in fresh],
            purpose=Purpose.NEWSLETTER,
            keep_trying=KEEP_TRYING,
        )
        subscriptions = [recipient.subscription.subscription_id for recipient, _ in fresh]
        await self.deliveries.add(campaign_id, dict(zip(subscriptions, mail_ids, strict=True)), at)

    async def _finish(self, campaign: Campaign, at: datetime) -> bool:
        """Declare it sent: every letter is settled."""

        async def work() -> bool:
            counts = await self.deliveries.counts(campaign.campaign_id)
            if not await self.campaigns.finish(campaign.campaign_id, counts, at):
                return False
            fact = newsletter_v1.CampaignSent(
                campaign_id=campaign.campaign_id,
                list_id=campaign.list_id,
                accepted=counts.get(DeliveryState.ACCEPTED, 0),
            )
            fact.sent_at.FromDatetime(at)
            await self.outbox.put(fact, subject=campaign.campaign_id)
            return True

        return await self.transact(work)
