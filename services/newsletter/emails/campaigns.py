"""The emails of campaigns: rendered once for all recipients, then composed for each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

import css_inline
from markupsafe import Markup, escape

from services.newsletter.domain.campaigns.campaigns import CAMPAIGN_EMAIL, Campaign
from services.newsletter.domain.campaigns.personalization import (
    SUBJECT_FIELDS,
    PlaceholderField,
    check_placeholders,
    split_placeholders,
)
from services.newsletter.domain.campaigns.recipients import CampaignRecipient
from services.newsletter.domain.subscriptions.lists import MailingList
from services.newsletter.emails.links import EmailLinks
from services.newsletter.emails.markdown import MarkdownText
from services.newsletter.emails.messages import TEMPLATES
from services.newsletter.emails.placeholders import PlaceholderMarks, build_slot_values
from services.newsletter.errors import EmptyCampaignError, PersonalImageError
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
                values=build_slot_values(
                    {
                        PlaceholderField.EMAIL: recipient.addr_spec,
                        PlaceholderField.LIST_NAME: self.list_name,
                        PlaceholderField.SUBSCRIBED_ON: format_date(recipient.subscribed_at),
                        PlaceholderField.UNSUBSCRIBE_URL: page_url,
                    }
                ),
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
    """Signs with the active key."""
    earlier_dkim: Sequence[DkimSigner] = ()
    """Sign with the keys before it, which the keyring still has."""
    return_path: ReturnPathSigner | None
    _rendered: dict[tuple[str, str, str], RenderedCampaign] = field(default_factory=dict)

    def check_subject(self, subject: str) -> None:
        """Raise EmptyCampaignError or UnknownPlaceholderError for a subject that cannot be sent."""
        check_placeholders(subject, allowed=SUBJECT_FIELDS, field="subject")
        if not subject.strip():
            raise EmptyCampaignError("subject")

    def check_text(self, text: str) -> None:
        """Raise an InvalidInputError for a text that cannot be sent, or that shows nothing."""
        check_placeholders(text)
        # As it is rendered: braces with blanks in an address are no image before they are filled in, and one after.
        marks = PlaceholderMarks.choose_marks(text)
        marked = marks.mark_text(text)
        parsed = MarkdownText(marked, own_host=self._own_host)
        if any(mark in url for url in parsed.list_image_urls() for mark in marks.plain.values()):
            raise PersonalImageError
        marks.reject_personal_links(marked, parsed, own_host=self._own_host)
        if not parsed.to_text().strip():
            raise EmptyCampaignError("text")

    @property
    def dkim_selector(self) -> str:
        """The selector of the active key; empty without one."""
        return self.dkim.selector if self.dkim else ""

    def compile_campaign(
        self, campaign: Campaign, mailing_list: MailingList, *, at: datetime, dkim_selector: str | None = None
    ) -> CampaignComposer:
        """Return the composer of *campaign* for emails with the Date *at*, signed by the key *dkim_selector*.

        Without that argument, or when the keyring has lost the key, the active key signs; an empty one means no key.
        """
        rendered = self._render_cached(campaign, mailing_list)
        email = BulkEmail(
            template_id=campaign.campaign_id,
            kind=CAMPAIGN_EMAIL,
            subject=_build_subject(campaign.subject, mailing_list),
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
            composer=BulkComposer(email, self.sender, at=at, dkim=self._find_signer(dkim_selector)),
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
            subject=_build_subject(campaign.subject, mailing_list),
            body=Markup(body.html),  # noqa: S704 (sanitized by MarkdownText)
        )
        return RenderedCampaign(
            text=TEMPLATES.load_template("campaign.txt").render(values, text=body.text), html=_INLINER.inline(page)
        )

    def render_body(self, text: str) -> RenderedCampaign:
        """Return the Markdown *text* as text and as sanitized HTML, with slots for its placeholders."""
        marks = PlaceholderMarks.choose_marks(text)
        parsed = MarkdownText(marks.mark_text(text), own_host=self._own_host)
        marks.mark_links(parsed)
        return RenderedCampaign(text=marks.fill_slots(parsed.to_text()), html=marks.fill_slots(parsed.to_html()))

    def fill_slots(
        self, rendered: RenderedCampaign, *, list_name: str, email: str, subscribed_at: datetime | None
    ) -> RenderedCampaign:
        """Return *rendered* with its slots filled outside of an email; the link to unsubscribe ends nothing."""
        values = build_slot_values(
            {
                PlaceholderField.EMAIL: email,
                PlaceholderField.LIST_NAME: list_name,
                PlaceholderField.SUBSCRIBED_ON: format_date(subscribed_at) if subscribed_at else "",
                PlaceholderField.UNSUBSCRIBE_URL: f"{self.links.public_url}/newsletter",
            }
        )
        text, html = rendered.text, rendered.html
        for name, value in values.items():
            text = text.replace(build_slot(name), value)
            html = html.replace(build_slot(name), str(escape(value)))
        return RenderedCampaign(text=text, html=html)

    def fill_subject(
        self, campaign: Campaign, mailing_list: MailingList, *, email: str, subscribed_at: datetime | None
    ) -> str:
        """Return the subject as one recipient sees it; without the blanks around a field that is empty."""
        date = format_date(subscribed_at) if subscribed_at else ""
        filled = _build_subject(campaign.subject, mailing_list)
        for name, value in ((PlaceholderField.EMAIL, email), (PlaceholderField.SUBSCRIBED_ON, date)):
            filled = filled.replace(build_slot(name), value)
        return filled if filled == campaign.subject else " ".join(filled.split())

    def list_id_header(self, list_id: str) -> str:
        """Return the List-Id of a list (RFC 2919)."""
        return f"<{list_id.replace('_', '-')}.{self.sender.address.domain}>"

    @property
    def _own_host(self) -> str:
        return urlsplit(self.links.public_url).netloc

    def _find_signer(self, selector: str | None) -> DkimSigner | None:
        if selector == "":
            return None
        return next((each for each in self.earlier_dkim if each.selector == selector), self.dkim)

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


def _build_subject(subject: str, mailing_list: MailingList) -> str:
    """Return the subject with slots for what differs between recipients."""
    filled = {None: "", PlaceholderField.LIST_NAME: mailing_list.name}
    return "".join(
        part if name is None else filled.get(name) or build_slot(name) for part, name in split_placeholders(subject)
    )
