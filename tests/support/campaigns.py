"""A campaign, its list and a recipient, for tests of their emails."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTPUTF8
from pathlib import Path

from services.newsletter.domain.campaigns.campaigns import Campaign, CampaignState
from services.newsletter.domain.campaigns.recipients import CampaignRecipient
from services.newsletter.domain.subscriptions.lists import MailingList
from services.newsletter.emails.campaigns import CampaignEmails
from services.newsletter.emails.links import EmailLinks
from shared.crypto import Keyring, KeyUse, TokenSealer
from shared.crypto.keyring import Key
from shared.mail import EmailAddress, FromAddress

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
PUBLIC_URL = "https://candor.example"
NEWS = MailingList(list_id="lst_1", name="News & more", description="", created_at=AT)
ADA = CampaignRecipient(
    subscription_id="sub_1", subscriber_id="ssb_1", addr_spec="ada@reader.example", subscribed_at=AT
)


def build_emails(keyring: Keyring) -> CampaignEmails:
    """Return the emails of campaigns, unsigned."""
    links = EmailLinks(token_sealer=TokenSealer(keyring), public_url=PUBLIC_URL)
    sender = FromAddress("Candor", EmailAddress("news@candor.example"))
    return CampaignEmails(links=links, sender=sender, dkim=None, return_path=None)


def build_campaign(text: str, subject: str = "News") -> Campaign:
    """Return a campaign with *text*."""
    return Campaign(
        campaign_id="cmp_1",
        list_id=NEWS.list_id,
        subject=subject,
        text=text,
        state=CampaignState.SENDING,
        started_at=AT,
        counts={},
        created_at=AT,
        sent_at=None,
    )


def read_parts(raw: bytes) -> tuple[str, str]:
    """Return the text and the HTML of an email."""
    message = message_from_bytes(raw, policy=SMTPUTF8)
    assert isinstance(message, EmailMessage)
    text, html = (part.get_content().replace("\r\n", "\n") for part in message.iter_parts())
    return str(text), str(html)


GOLDEN = Path(__file__).resolve().parents[1] / "data/golden_campaign.eml"
"""The bytes of ``build_golden_email``; ``python -m tests.support.golden_mails`` writes them."""
_GOLDEN_TEXT = """# Größe & Maß

Hello {{email}}, you joined **{{list_name}}** on {{subscribed_on}}.

- a list, with a [link](https://candor.example/read?who={{email}})
- and `code`

> From now on lines begin with From and with dots:
.

![The lamp](https://candor.example/lamp.png) [Unsubscribe]({{unsubscribe_url}})
"""


def build_golden_email() -> bytes:
    """Return a campaign email with all that Markdown and placeholders make, unsigned and under a fixed key."""
    key = Key(id="link_1", use=KeyUse.LINK, created_at=AT, secret=bytes(range(64)))
    emails = build_emails(Keyring([key]))
    campaign = build_campaign(_GOLDEN_TEXT, subject="Größe & Maß, für {{email}}")
    emails.check_subject(campaign.subject)
    emails.check_text(campaign.text)
    recipient = replace(ADA, subscription_id="sub_" + "0" * 26)
    return emails.compile_campaign(campaign, NEWS, at=AT).render("mail_" + "0" * 26, recipient).raw
