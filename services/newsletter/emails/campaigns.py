"""The emails of campaigns: rendered once for all recipients, then composed for each."""

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

import css_inline
from markupsafe import Markup, escape

from services.newsletter.domain.campaigns.campaigns import CAMPAIGN_EMAIL, Campaign
from services.newsletter.domain.campaigns.personalization import (
    PlaceholderField,
    check_placeholders,
    split_placeholders,
)
from services.newsletter.domain.campaigns.recipients import CampaignRecipient
from services.newsletter.domain.subscriptions.lists import MailingList
from services.newsletter.emails.links import EmailLinks
from services.newsletter.emails.markdown import MarkdownText
from services.newsletter.emails.messages import TEMPLATES
from services.newsletter.errors import PersonalImageError
from shared.mail import (
    BulkComposer,
    BulkEmail,
    BulkRecipient,
    DkimSigner,
    FromAddress,
    ReturnPathSigner,
    build_slot,
)

_MAX_CACHED = 16
# Nothing is fetched while an email is made: neither a style sheet nor a file.
_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=False, keep_link_tags=False)


@dataclass(frozen=True, slots=True)
class ComposedMail:
    """The final bytes of an email and its envelope sender."""

    mail_from: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class RenderedCampaign:
    """The text and the HTML of a campaign, with slots for what differs."""

    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignComposer:
    """Composes the emails of one batch; the same recipient gets the same bytes again."""

    links: EmailLinks
    list_name: str
    composed_at: datetime
    sender: FromAddress
    return_path: ReturnPathSigner | None
    composer: BulkComposer

    def render(self, mail_id: str, recipient: CampaignRecipient) -> ComposedMail:
        """Return the email to *recipient*."""
        token = self.links.unsubscribe_token(recipient.subscription_id)
        page_url = self.links.unsubscribe_page_url(token)
        leave_address = self.links.leave_address(recipient.subscription_id)
        raw = self.composer.render(
            BulkRecipient(
                mail_id=mail_id,
                to=recipient.addr_spec,
                list_unsubscribe=f"<{self.links.one_click_url(token)}>"
                + (f", <mailto:{leave_address}>" if leave_address else ""),
                values={
                    PlaceholderField.EMAIL: recipient.addr_spec,
                    PlaceholderField.LIST_NAME: self.list_name,
                    PlaceholderField.SUBSCRIBED_ON: format_date(recipient.subscribed_at),
                    PlaceholderField.UNSUBSCRIBE_URL: page_url,
                },
            )
        )
        if self.return_path is None:
            return ComposedMail(self.sender.address.addr_spec, raw)
        return ComposedMail(self.return_path.build_address(mail_id, at=self.composed_at), raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignEmails:
    """Builds the emails of campaigns."""

    links: EmailLinks
    sender: FromAddress
    dkim: DkimSigner | None
    return_path: ReturnPathSigner | None
    _rendered: dict[tuple[str, str, str], RenderedCampaign] = field(default_factory=dict)

    def check_text(self, text: str) -> None:
        """Raise UnknownPlaceholderError, ForeignImageError or PersonalImageError for a text that cannot be sent."""
        check_placeholders(text)
        # As it is rendered: braces with blanks in an address are no image before they are filled in, and one after.
        marks = _choose_marks(text)
        parsed = MarkdownText(_mark_placeholders(text, marks), own_host=self._own_host)
        if any(mark in url for url in parsed.list_image_urls() for mark in marks.values()):
            raise PersonalImageError

    def compile_campaign(self, campaign: Campaign, mailing_list: MailingList, *, at: datetime) -> CampaignComposer:
        """Return the composer of *campaign* for emails with the Date *at*."""
        rendered = self._render_cached(campaign, mailing_list)
        email = BulkEmail(
            template_id=campaign.campaign_id,
            kind=CAMPAIGN_EMAIL,
            subject=campaign.subject,
            text=rendered.text,
            html=rendered.html,
            headers={"List-Id": self.list_id_header(mailing_list.list_id)},
        )
        return CampaignComposer(
            links=self.links,
            list_name=mailing_list.name,
            composed_at=at,
            sender=self.sender,
            return_path=self.return_path,
            composer=BulkComposer(email, self.sender, at=at, dkim=self.dkim),
        )

    def render_campaign(self, campaign: Campaign, mailing_list: MailingList) -> RenderedCampaign:
        """Return text and HTML of *campaign*, with the footer of *mailing_list* and slots for what differs."""
        body = self.render_body(campaign.text)
        values = {
            "list_name": mailing_list.name,
            "subscribed_on": build_slot(PlaceholderField.SUBSCRIBED_ON),
            "unsubscribe_url": build_slot(PlaceholderField.UNSUBSCRIBE_URL),
        }
        page = TEMPLATES.load_template("campaign.html").render(
            values,
            subject=campaign.subject,
            body=Markup(body.html),  # noqa: S704 (sanitized by MarkdownText)
        )
        return RenderedCampaign(
            text=TEMPLATES.load_template("campaign.txt").render(values, text=body.text), html=_INLINER.inline(page)
        )

    def render_body(self, text: str) -> RenderedCampaign:
        """Return the Markdown *text* as text and as sanitized HTML, with slots for its placeholders."""
        marks = _choose_marks(text)
        parsed = MarkdownText(_mark_placeholders(text, marks), own_host=self._own_host)
        return RenderedCampaign(
            text=_replace_marks(parsed.to_text(), marks), html=_replace_marks(parsed.to_html(), marks)
        )

    def fill_slots(
        self, rendered: RenderedCampaign, *, list_name: str, email: str, subscribed_at: datetime | None
    ) -> RenderedCampaign:
        """Return *rendered* with its slots filled outside of an email; the link to unsubscribe ends nothing."""
        values = {
            PlaceholderField.EMAIL: email,
            PlaceholderField.LIST_NAME: list_name,
            PlaceholderField.SUBSCRIBED_ON: format_date(subscribed_at) if subscribed_at else "",
            PlaceholderField.UNSUBSCRIBE_URL: f"{self.links.public_url}/newsletter",
        }
        text, html = rendered.text, rendered.html
        for name, value in values.items():
            text = text.replace(build_slot(name), value)
            html = html.replace(build_slot(name), str(escape(value)))
        return RenderedCampaign(text=text, html=html)

    def list_id_header(self, list_id: str) -> str:
        """Return the List-Id of a list (RFC 2919)."""
        return f"<{list_id.replace('_', '-')}.{self.sender.address.domain}>"

    @property
    def _own_host(self) -> str:
        return urlsplit(self.links.public_url).netloc

    def _render_cached(self, campaign: Campaign, mailing_list: MailingList) -> RenderedCampaign:
        key = (campaign.campaign_id, campaign.subject + campaign.text, mailing_list.name)
        if key not in self._rendered:
            while len(self._rendered) >= _MAX_CACHED:
                self._rendered.pop(next(iter(self._rendered)))
            self._rendered[key] = self.render_campaign(campaign, mailing_list)
        return self._rendered[key]


def format_date(at: datetime) -> str:
    """Return *at* as emails show a date: 5 March 2027."""
    return f"{at.day} {at:%B %Y}"


def _choose_marks(text: str) -> dict[PlaceholderField, str]:
    return {name: _choose_mark(text, name) for name in PlaceholderField}


def _mark_placeholders(text: str, marks: dict[PlaceholderField, str]) -> str:
    return "".join(part if name is None else marks[name] for part, name in split_placeholders(text))


def _choose_mark(text: str, name: str) -> str:
    """Return letters that stand for a placeholder while Markdown is rendered: it keeps them, in a link, too."""
    mark = f"slot{name.replace('_', '')}"
    while mark in text:
        mark += "x"
    return mark + "end"


def _replace_marks(text: str, marks: dict[PlaceholderField, str]) -> str:
    for name, mark in marks.items():
        text = text.replace(mark, build_slot(name))
    return text
