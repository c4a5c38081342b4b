"""Builds the emails from their templates, and the tokens in their links."""

from dataclasses import dataclass
from datetime import UTC, datetime

from jinja2 import Template
from markupsafe import Markup

from services.newsletter.domain import CONSENT_TEXTS, Campaign, MailingList, NewsletterRecipient, OptInRequest
from shared.crypto import TokenSealer
from shared.mail import EmailAddress, EmailMessage, EmailTemplates

CONFIRMATION_EMAIL = "newsletter.confirmation"
CAMPAIGN_EMAIL = "newsletter.campaign"

_CONFIRM_TOKEN, _UNSUBSCRIBE_TOKEN = "newsletter.confirm", "newsletter.unsubscribe"
# An email may be opened years later, and its link must still work (C10). It ends one subscription and opens nothing
# else.
_NO_EXPIRY = datetime(9999, 12, 31, tzinfo=UTC)
_TEMPLATES = EmailTemplates("services.newsletter.emails")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledCampaign:
    """A campaign with all that is the same for its recipients, rendered once."""

    emails: "NewsletterEmails"
    campaign: Campaign
    mailing_list: MailingList
    text_template: Template
    html_template: Template
    body: Markup
    """The editor's text as HTML."""

    def render(self, recipient: NewsletterRecipient) -> EmailMessage:
        """Return the email to one recipient: one-click unsubscribe header (RFC 8058), a visible link in both parts."""
        token = self.emails.unsubscribe_token(recipient.subscription.subscription_id)
        values = {
            "list_name": self.mailing_list.name,
            "subscribed_at": recipient.subscription.subscribed_at,
            "unsubscribe_url": f"{self.emails.public_url}/newsletter/unsubscribe?token={token}",
        }
        return EmailMessage(
            kind=CAMPAIGN_EMAIL,
            to=EmailAddress(recipient.email),
            subject=self.campaign.subject,
            text=self.text_template.render(values, text=self.campaign.text),
            html=self.html_template.render(values, body=self.body),
            list_unsubscribe=f"{self.emails.public_url}/v1/newsletter/unsubscribe/{token}",
            headers={"List-Id": self.emails.list_id_header(self.mailing_list.list_id)},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterEmails:
    """Builds the emails of newsletter, and reads the tokens of their links."""

    token_sealer: TokenSealer
    public_url: str
    domain: str
    """The domain of the sender, in which the lists have their List-Id (RFC 2919)."""

    def render_confirmation(self, mailing_list: MailingList, request: OptInRequest, to: EmailAddress) -> EmailMessage:
        """Return the email that asks the owner of the address to confirm; only its link creates a subscription."""
        token = self.token_sealer.issue(
            _CONFIRM_TOKEN, {"opt_in_request": request.request_id}, expires_at=request.expires_at
        )
        email = _TEMPLATES.render(
            "confirmation",
            list_name=mailing_list.name,
            hours=round((request.expires_at - request.requested_at).total_seconds() / 3600),
            confirmation_url=f"{self.public_url}/newsletter/confirm?token={token}",
            consent_text=CONSENT_TEXTS[request.consent_version].render(mailing_list.name),
        )
        return EmailMessage(kind=CONFIRMATION_EMAIL, to=to, subject=email.subject, text=email.text)

    def compile_campaign(self, campaign: Campaign, mailing_list: MailingList) -> CompiledCampaign:
        """Render what all recipients of *campaign* share."""
        body = _TEMPLATES.load_template("campaign_body.html").render(paragraphs=_split_paragraphs(campaign.text))
        return CompiledCampaign(
            emails=self,
            campaign=campaign,
            mailing_list=mailing_list,
            text_template=_TEMPLATES.load_template("campaign.txt"),
            html_template=_TEMPLATES.load_template("campaign.html"),
            body=Markup(body),  # noqa: S704 (rendered above, where the editor's text was escaped)
        )

    def unsubscribe_token(self, subscription_id: str) -> str:
        """Return a token that ends one subscription and never expires."""
        return self.token_sealer.issue(_UNSUBSCRIBE_TOKEN, {"subscription": subscription_id}, expires_at=_NO_EXPIRY)

    def list_id_header(self, list_id: str) -> str:
        """Return the List-Id of a list (RFC 2919)."""
        return f"<{list_id.replace('_', '-')}.{self.domain}>"

    def opt_in_request_id(self, token: str, *, at: datetime) -> str:
        """Return the id of the opt-in request that *token* confirms; raises InvalidTokenError."""
        return self.token_sealer.open(_CONFIRM_TOKEN, token, at=at)["opt_in_request"]

    def subscription_id(self, token: str, *, at: datetime) -> str:
        """Return the id of the subscription that *token* ends; raises InvalidTokenError."""
        return self.token_sealer.open(_UNSUBSCRIBE_TOKEN, token, at=at)["subscription"]


def _split_paragraphs(text: str) -> list[str]:
    parts = text.replace("\r\n", "\n").split("\n\n")
    return [part.strip("\n") for part in parts if part.strip()]
