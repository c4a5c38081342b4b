"""The words of the mails, and the tokens in their links."""

from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from services.newsletter.domain import CONSENT_TEXTS, Campaign, MailingList, NewsletterRecipient, OptInRequest
from shared.crypto import TokenSealer
from shared.mail import EmailAddress, EmailMessage

CONFIRMATION_EMAIL = "newsletter.confirmation"
CAMPAIGN_EMAIL = "newsletter.campaign"

_CONFIRM_TOKEN, _UNSUBSCRIBE_TOKEN = "newsletter.confirm", "newsletter.unsubscribe"
# A letter may be read after years, and its link must still work (C10): it ends one subscription and opens nothing else.
_NO_EXPIRY = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledCampaign:
    """A campaign, made ready once for all of its recipients."""

    emails: "NewsletterEmails"
    campaign: Campaign
    mailing_list: MailingList
    html: str

    def render(self, recipient: NewsletterRecipient) -> EmailMessage:
        """Return the letter to one of them: one-click in the header (RFC 8058), a visible link in text and HTML."""
        token = self.emails.unsubscribe_token(recipient.subscription.subscription_id)
        page = f"{self.emails.public_url}/newsletter/unsubscribe?token={token}"
        joined = f"{recipient.subscription.subscribed_at:%d %B %Y}"
        why = f"You get this because you joined “{self.mailing_list.name}” on {joined}."
        leave = "Leave this list, without logging in"
        return EmailMessage(
            kind=CAMPAIGN_EMAIL,
            to=EmailAddress(recipient.email),
            subject=self.campaign.subject,
            text=f"{self.campaign.text}\n\n-- \n{why}\n{leave}:\n{page}\n",
            html=f'{self.html}<hr><p>{escape(why)}<br><a href="{escape(page)}">{leave}</a></p></body></html>\n',
            list_unsubscribe=f"{self.emails.public_url}/v1/newsletter/unsubscribe/{token}",
            headers={"List-Id": self.emails.list_id_header(self.mailing_list.list_id)},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterEmails:
    """Writes the mails of newsletter."""

    token_sealer: TokenSealer
    public_url: str
    domain: str
    """The domain of the sender, under which the lists are named (RFC 2919)."""

    def render_confirmation(self, mailing_list: MailingList, request: OptInRequest, to: EmailAddress) -> EmailMessage:
        """Return the mail that asks the owner of the address; nothing but the link in it makes a subscriber."""
        token = self.token_sealer.issue(
            _CONFIRM_TOKEN, {"opt_in_request": request.request_id}, expires_at=request.expires_at
        )
        hours = round((request.expires_at - request.requested_at).total_seconds() / 3600)
        text = (
            f"Somebody, we hope it was you, asked for the letters of “{mailing_list.name}” at this address.\n\n"
            f"If you want them, please confirm within {hours} hours:\n"
            f"{self.public_url}/newsletter/confirm?token={token}\n\n"
            f"With that you say: {CONSENT_TEXTS[request.consent_version].render(mailing_list.name)}\n\n"
            "If it was not you, do nothing: you will get no letters, and we forget this address by then.\n"
        )
        return EmailMessage(kind=CONFIRMATION_EMAIL, to=to, subject=f"Please confirm: {mailing_list.name}", text=text)

    def compile_campaign(self, campaign: Campaign, mailing_list: MailingList) -> CompiledCampaign:
        """Make *campaign* ready for its recipients."""
        paragraphs = "".join(
            f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in _split_paragraphs(campaign.text)
        )
        html = f'<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>{paragraphs}'
        return CompiledCampaign(emails=self, campaign=campaign, mailing_list=mailing_list, html=html)

    def unsubscribe_token(self, subscription_id: str) -> str:
        """Return the token that ends one subscription."""
        return self.token_sealer.issue(_UNSUBSCRIBE_TOKEN, {"subscription": subscription_id}, expires_at=_NO_EXPIRY)

    def list_id_header(self, list_id: str) -> str:
        """Return the List-Id of a list."""
        return f"<{list_id.replace('_', '-')}.{self.domain}>"

    def opt_in_request_id(self, token: str, *, at: datetime) -> str:
        """Return the id of the wish that *token* confirms; LinkRefusedError when it is none, or too old."""
        return self.token_sealer.open(_CONFIRM_TOKEN, token, at=at)["opt_in_request"]

    def subscription_id(self, token: str, *, at: datetime) -> str:
        """Return the id of the subscription that *token* ends; LinkRefusedError when it is none."""
        return self.token_sealer.open(_UNSUBSCRIBE_TOKEN, token, at=at)["subscription"]


def _split_paragraphs(text: str) -> list[str]:
    parts = text.replace("\r\n", "\n").split("\n\n")
    return [part.strip("\n") for part in parts if part.strip()]
