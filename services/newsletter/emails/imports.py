"""The invitation that an imported contact gets: where its address comes from, and a double opt-in."""

from dataclasses import dataclass

from services.newsletter.domain.imports.imports import ImportDecision
from services.newsletter.domain.subscriptions.consent import CONSENT_TEXTS
from services.newsletter.domain.subscriptions.lists import MailingList
from services.newsletter.domain.subscriptions.opt_in import OptInRequest
from services.newsletter.emails.links import EmailLinks
from services.newsletter.emails.messages import TEMPLATES
from shared.mail import EmailAddress, EmailMessage

INVITATION_EMAIL = "newsletter.invitation"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportEmails:
    """Builds the emails of imports."""

    links: EmailLinks

    def render_invitation(
        self, mailing_list: MailingList, request: OptInRequest, decision: ImportDecision, to: EmailAddress
    ) -> EmailMessage:
        """Return the only email that an imported contact gets; its link alone creates a subscription."""
        email = TEMPLATES.render(
            "invitation",
            list_name=mailing_list.name,
            description=mailing_list.description,
            origin=decision.origin,
            reason=decision.reason,
            hours=round((request.expires_at - request.requested_at).total_seconds() / 3600),
            confirmation_url=self.links.confirmation_url(request),
            consent_text=CONSENT_TEXTS[request.consent_version].render(mailing_list.name),
        )
        return EmailMessage(kind=INVITATION_EMAIL, to=to, subject=email.subject, text=email.text)
