"""The words of the mails, and the tokens in their links."""

from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from services.newsletter.domain import WORDINGS, Campaign, NewsList, Recipient, Wish
from shared.crypto import Links
from shared.mail import Address, Letter

CONFIRMATION = "newsletter.confirmation"
CAMPAIGN = "newsletter.campaign"

_JOIN, _LEAVE = "newsletter.confirm", "newsletter.unsubscribe"
# A letter may be read after years, and its link must still work (C10): it ends one subscription and opens nothing else.
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """A campaign, made ready once for all of its recipients."""

    letters: "Letters"
    campaign: Campaign
    news: NewsList
    html: str

    def to(self, recipient: Recipient) -> Letter:
        """Return the letter to one of them: one-click in the header (RFC 8058), a visible link in text and HTML."""
        token = self.letters.leaving(recipient.subscription.subscription_id)
        page = f"{self.letters.public_url}/newsletter/unsubscribe?token={token}"
        why = f"You get this because you joined “{self.news.name}” on {recipient.subscription.joined_at:%d %B %Y}."
        leave = "Leave this list, without logging in"
        return Letter(
            kind=CAMPAIGN,
            to=Address(recipient.email),
            subject=self.campaign.subject,
            text=f"{self.campaign.text}\n\n-- \n{why}\n{leave}:\n{page}\n",
            html=f'{self.html}<hr><p>{escape(why)}<br><a href="{escape(page)}">{leave}</a></p></body></html>\n',
            list_unsubscribe=f"{self.letters.public_url}/v1/newsletter/unsubscribe/{token}",
            headers={"List-Id": self.letters.list_id(self.news.list_id)},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """Writes the mails of newsletter."""

    links: Links
    public_url: str
    domain: str
    """The domain of the sender, under which the lists are named (RFC 2919)."""

    def confirmation(self, news: NewsList, wish: Wish, to: Address) -> Letter:
        """Return the mail that asks the owner of the address; nothing but the link in it makes a subscriber."""
        token = self.links.make(_JOIN, {"wish": wish.wish_id}, expires_at=wish.expires_at)
        hours = round((wish.expires_at - wish.asked_at).total_seconds() / 3600)
        text = (
            f"Somebody, we hope it was you, asked for the letters of “{news.name}” at this address.\n\n"
            f"If you want them, please confirm within {hours} hours:\n"
            f"{self.public_url}/newsletter/confirm?token={token}\n\n"
            f"With that you say: {WORDINGS[wish.wording].shown(news.name)}\n\n"
            "If it was not you, do nothing: you will get no letters, and we forget this address by then.\n"
        )
        return Letter(kind=CONFIRMATION, to=to, subject=f"Please confirm: {news.name}", text=text)

    def edition(self, campaign: Campaign, news: NewsList) -> Edition:
        """Make *campaign* ready for its recipients."""
        paragraphs = "".join(f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in _paragraphs(campaign.text))
        html = f'<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>{paragraphs}'
        return Edition(letters=self, campaign=campaign, news=news, html=html)

    def leaving(self, subscription_id: str) -> str:
        """Return the token that ends one subscription."""
        return self.links.make(_LEAVE, {"subscription": subscription_id}, expires_at=_NEVER)

    def list_id(self, list_id: str) -> str:
        """Return the List-Id of a list."""
        return f"<{list_id.replace('_', '-')}.{self.domain}>"

    def wish_in(self, token: str, *, at: datetime) -> str:
        """Return the id of the wish that *token* confirms; LinkRefusedError when it is none, or too old."""
        return self.links.read(_JOIN, token, at=at)["wish"]

    def subscription_in(self, token: str, *, at: datetime) -> str:
        """Return the id of the subscription that *token* ends; LinkRefusedError when it is none."""
        return self.links.read(_LEAVE, token, at=at)["subscription"]


def _paragraphs(text: str) -> list[str]:
    parts = text.replace("\r\n", "\n").split("\n\n")
    return [part.strip("\n") for part in parts if part.strip()]
