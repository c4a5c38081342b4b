"""Builds the final bytes of an email (RFC 5322), with its DKIM signature."""

from datetime import datetime
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage as MimeMessage
from email.policy import SMTP
from email.utils import format_datetime

from shared.mail.address import FromAddress
from shared.mail.dkim import DkimSigner
from shared.mail.message import EmailMessage

# With the default of 78 the standard library encodes a long List-Unsubscribe as =?utf-8?q?…?=: one-click would fail.
_SMTP_POLICY = SMTP.clone(max_line_length=998)
_SMTPUTF8_POLICY = _SMTP_POLICY.clone(utf8=True)


def compose(
    email: EmailMessage, from_address: FromAddress, *, mail_id: str, at: datetime, dkim: DkimSigner | None
) -> bytes:
    """Return the bytes of *email*. The same arguments give the same bytes, so a retry sends an identical message."""
    message = _build_body(email)
    if message.is_multipart():
        message.set_boundary(f"=_{mail_id}")  # cannot occur in a quoted-printable body, where "=" precedes hex digits
    message["From"] = from_address.to_header()
    message["To"] = HeaderAddress(username=email.to.local_part, domain=email.to.domain)
    message["Subject"] = email.subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{mail_id}@{from_address.address.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: suppresses automatic replies
    if email.list_unsubscribe is not None:
        message["List-Unsubscribe"] = f"<{email.list_unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    for name, value in email.headers.items():
        message[name] = value
    raw = message.as_bytes(policy=_SMTPUTF8_POLICY if email.to.needs_smtputf8 else _SMTP_POLICY)
    return raw if dkim is None else dkim.sign_message(raw, at=at)


def _build_body(email: EmailMessage) -> MimeMessage:
    # Quoted-printable, folded at 76: no relay needs to re-encode it, which would break the signature.
    message = MimeMessage(policy=SMTP)
    message.set_content(email.text, cte="quoted-printable")
    if email.html is not None:
        message.add_alternative(email.html, subtype="html", cte="quoted-printable")
    return message
