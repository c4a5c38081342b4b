"""Builds messages from the templates."""

from shared.mail import EmailAddress, EmailMessage, EmailTemplates

_TEMPLATES = EmailTemplates("services.identity.emails")


def build_message(template: str, email: str, **values: object) -> EmailMessage:
    """Return the message of *template*, which is also its kind: ``identity.<template>``."""
    rendered = _TEMPLATES.render(template, **values)
    return EmailMessage(
        kind=f"identity.{template}", to=EmailAddress(email), subject=rendered.subject, text=rendered.text
    )
