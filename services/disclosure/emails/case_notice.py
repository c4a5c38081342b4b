"""Builds the notice of a disclosure to an affected account: fields, recipient and reason (C16)."""

from services.disclosure.domain import Case, Ground
from shared.mail import EmailAddress, EmailMessage, EmailTemplates

NOTICE_KIND = "disclosure.notice"
_TEMPLATES = EmailTemplates("services.disclosure.emails")
_SUBJECTS = {
    Ground.LAW: "Your data was disclosed as required by law",
    Ground.RIGHTS: "Your data was disclosed to protect rights or property",
    Ground.EMERGENCY: "Your data was disclosed in an emergency",
}
_REASONS = {
    Ground.LAW: "We are required by law.",
    Ground.RIGHTS: "To protect rights or property.",
    Ground.EMERGENCY: "To protect the safety of a person.",
}


def build_case_notice(case: Case, to: EmailAddress, public_url: str) -> EmailMessage:
    """Return the notice of *case* to the registered address of an affected account."""
    rendered = _TEMPLATES.render(
        "case_notice",
        case=case,
        subject=_SUBJECTS[case.ground],
        reason=_REASONS[case.ground],
        approved_at=case.approved_at or case.opened_at,
        public_url=public_url,
    )
    return EmailMessage(kind=NOTICE_KIND, to=to, subject=rendered.subject, text=rendered.text)


def case_basis(case: Case) -> str:
    """Return the basis that the access ledger and identity record for a disclosure."""
    return f"case {case.case_id}"
