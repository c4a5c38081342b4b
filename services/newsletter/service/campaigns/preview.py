"""How a campaign looks to a recipient: for its editors, in a test email, and in the archive."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.newsletter.domain.campaigns.campaigns import Campaign, CampaignState
from services.newsletter.domain.subscriptions.addresses import AddressPolicy
from services.newsletter.domain.subscriptions.lists import MailingList
from services.newsletter.emails.campaigns import CampaignEmails
from services.newsletter.errors import CampaignNotFoundError, ListNotFoundError
from services.newsletter.store import Campaigns, MailingLists
from shared.mail import EmailAddress, EmailMessage, MailQueue
from shared.policy import Purpose

TEST_EMAIL = "newsletter.test"
_TEST_EXPIRES_AFTER = timedelta(hours=1)
_SAMPLE_ADDRESS = "ada@reader.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPreview:
    """A campaign as one recipient sees it."""

    campaign: Campaign
    """Its subject as that recipient sees it."""
    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPreviews:
    """Renders campaigns outside of their sending."""

    lists: MailingLists
    campaigns: Campaigns
    emails: CampaignEmails
    mail_queue: MailQueue
    address_policy: AddressPolicy

    async def render(self, campaign_id: str, *, at: datetime) -> CampaignPreview:
        """Return a campaign as an invented recipient would get it."""
        campaign, mailing_list = await self._get(campaign_id)
        rendered = self.emails.render_campaign(campaign, mailing_list)
        filled = self.emails.fill_slots(rendered, list_name=mailing_list.name, email=_SAMPLE_ADDRESS, subscribed_at=at)
        campaign = self._with_subject(campaign, mailing_list, email=_SAMPLE_ADDRESS, subscribed_at=at)
        return CampaignPreview(campaign=campaign, text=filled.text, html=filled.html)

    async def send_test(self, campaign_id: str, email: str, *, at: datetime) -> None:
        """Queue a campaign for one address; its links to unsubscribe lead to the page and end nothing."""
        campaign, mailing_list = await self._get(campaign_id)
        to = EmailAddress(email)
        self.address_policy.reject_own_address(to.email, to.domain)
        rendered = self.emails.render_campaign(campaign, mailing_list)
        filled = self.emails.fill_slots(rendered, list_name=mailing_list.name, email=to.email, subscribed_at=at)
        subject = self.emails.fill_subject(campaign, mailing_list, email=to.email, subscribed_at=at)
        message = EmailMessage(kind=TEST_EMAIL, to=to, subject=f"[Test] {subject}", text=filled.text, html=filled.html)
        await self.mail_queue.enqueue(message, purpose=Purpose.NEWSLETTER, expires_after=_TEST_EXPIRES_AFTER)

    async def list_archived(self, list_id: str) -> list[Campaign]:
        """Return the public campaigns of a list that were sent, the newest first; raises ListNotFoundError."""
        mailing_list = await self.lists.get(list_id)
        if mailing_list is None:
            raise ListNotFoundError
        found = await self.campaigns.list_archived(list_id)
        return [self._with_subject(each, mailing_list) for each in found]

    async def render_archived(self, campaign_id: str) -> CampaignPreview:
        """Return a sent campaign as everybody may read it, without what is about a recipient."""
        campaign, mailing_list = await self._get(campaign_id)
        if campaign.state is not CampaignState.SENT or not campaign.is_public:
            raise CampaignNotFoundError
        body = self.emails.render_body(campaign.text)
        filled = self.emails.fill_slots(body, list_name=mailing_list.name, email="", subscribed_at=None)
        campaign = self._with_subject(campaign, mailing_list)
        return CampaignPreview(campaign=campaign, text=filled.text, html=filled.html)

    def _with_subject(
        self, campaign: Campaign, mailing_list: MailingList, *, email: str = "", subscribed_at: datetime | None = None
    ) -> Campaign:
        subject = self.emails.fill_subject(campaign, mailing_list, email=email, subscribed_at=subscribed_at)
        return replace(campaign, subject=subject)

    async def _get(self, campaign_id: str) -> tuple[Campaign, MailingList]:
        campaign = await self.campaigns.get(campaign_id)
        if campaign is None:
            raise CampaignNotFoundError
        mailing_list = await self.lists.get(campaign.list_id)
        if mailing_list is None:
            raise ListNotFoundError
        return campaign, mailing_list
