"""The emails of campaigns."""

from dataclasses import dataclass

from jinja2 import Template
from markupsafe import Markup

from services.newsletter.domain.campaigns.campaigns import Campaign
from services.newsletter.domain.subscriptions.lists import MailingList
from services.newsletter.domain.subscriptions.subscriptions import NewsletterRecipient
from services.newsletter.emails.links import EmailLinks
from services.newsletter.emails.messages import TEMPLATES
from shared.mail import EmailAddress, EmailMessage

CAMPAIGN_EMAIL = "newsletter.campaign"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledCampaign:
    """A campaign with all that is the same for its recipients, rendered once."""

    links: EmailLinks
    campaign: Campaign
    mailing_list: MailingList
    list_id_header: str
    """The List-Id (RFC 2919)."""
    text_template: Template
    html_template: Template
    body: Markup
    """The editor's text as HTML."""

    def render(self, recipient: NewsletterRecipient) -> EmailMessage:
        """Return the email to one recipient: one-click unsubscribe header (RFC 8058), a visible link in both parts."""
        token = self.links.unsubscribe_token(recipient.subscription.subscription_id)
        values = {
            "list_name": self.mailing_list.name,
            "subscribed_at": recipient.subscription.subscribed_at,
            "unsubscribe_url": self.links.unsubscribe_page_url(token),
        }
        return EmailMessage(
            kind=CAMPAIGN_EMAIL,
            to=EmailAddress(recipient.email),
            subject=self.campaign.subject,
            text=self.text_template.render(values, text=self.campaign.text),
            html=self.html_template.render(values, body=self.body),
            list_unsubscribe=self.links.one_click_url(token),
            headers={"List-Id": self.list_id_header},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignEmails:
    """Builds the emails of campaigns."""

    links: EmailLinks
    domain: str
    """The domain of the sender, in which the lists have their List-Id (RFC 2919)."""

    def compile_campaign(self, campaign: Campaign, mailing_list: MailingList) -> CompiledCampaign:
        """Render what all recipients of *campaign* share."""
        body = TEMPLATES.load_template("campaign_body.html").render(paragraphs=_split_paragraphs(campaign.text))
        return CompiledCampaign(
            links=self.links,
            campaign=campaign,
            mailing_list=mailing_list,
            list_id_header=self.list_id_header(mailing_list.list_id),
            text_template=TEMPLATES.load_template("campaign.txt"),
            html_template=TEMPLATES.load_template("campaign.html"),
            body=Markup(body),  # noqa: S704 (rendered above, where the editor's text was escaped)
        )

    def list_id_header(self, list_id: str) -> str:
        """Return the List-Id of a list (RFC 2919)."""
        return f"<{list_id.replace('_', '-')}.{self.domain}>"


def _split_paragraphs(text: str) -> list[str]:
    parts = text.replace("\r\n", "\n").split("\n\n")
    return [part.strip("\n") for part in parts if part.strip()]
