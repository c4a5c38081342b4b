"""The emails about subscriptions."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.newsletter.domain.subscriptions.consent import CONSENT_TEXTS, ConsentSource
from services.newsletter.domain.subscriptions.lists import MailingList
from services.newsletter.domain.subscriptions.opt_in import OptInRequest
from services.newsletter.emails.links import EmailLinks
from services.newsletter.emails.messages import TEMPLATES
from shared.mail import EmailAddress, EmailMessage

CONFIRMATION_EMAIL = "newsletter.confirmation"
UNSUBSCRIBE_LINKS_EMAIL = "newsletter.unsubscribe_links"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionEmails:
    """Builds the emails about subscriptions."""

    links: EmailLinks

    def render_confirmation(self, mailing_list: MailingList, request: OptInRequest, to: EmailAddress) -> EmailMessage:
        """Return the email that asks the owner of the address to confirm; only its link creates a subscription."""
        email = TEMPLATES.render(
            "confirmation",
            list_name=mailing_list.name,
            hours=round((request.expires_at - request.requested_at).total_seconds() / 3600),
            confirmation_url=self.links.confirmation_url(request),
            requested_in_account=request.source is ConsentSource.ACCOUNT,
            consent_text=CONSENT_TEXTS[request.consent_version].render(mailing_list.name),
        )
        return EmailMessage(kind=CONFIRMATION_EMAIL, to=to, subject=email.subject, text=email.text)

    def render_unsubscribe_links(self, to: EmailAddress, subscriptions: Sequence[tuple[str, str]]) -> EmailMessage:
        """Return the email with a link for each of *subscriptions*: pairs of the name of a list and an id."""
        email = TEMPLATES.render(
            "unsubscribe_links",
            links=[
                (name, self.links.unsubscribe_page_url(self.links.unsubscribe_token(subscription_id)))
                for name, subscription_id in sorted(subscriptions)
            ],
        )
        return EmailMessage(kind=UNSUBSCRIBE_LINKS_EMAIL, to=to, subject=email.subject, text=email.text)
