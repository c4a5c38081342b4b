"""Builds the final bytes of an email (RFC 5322), with its DKIM signature."""

import re
from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage as MimeMessage
from email.policy import SMTP
from email.utils import format_datetime

from shared.mail.address import FromAddress
from shared.mail.dkim import DkimSigner
from shared.mail.headers import format_from, format_list_unsubscribe, format_text
from shared.mail.message import EmailMessage

# The standard library's quoted-printable is as wide as the policy, 78 by default; RFC 2045 6.7 allows 76.
_MIME_POLICY = SMTP.clone(max_line_length=76)
_FROM_LINE = re.compile(rb"^From ", re.MULTILINE)


def compose(
    email: EmailMessage, from_address: FromAddress, *, mail_id: str, at: datetime, dkim: DkimSigner | None
) -> bytes:
    """Return the bytes of *email*. The same arguments give the same bytes, so a retry sends an identical message."""
    fields = "".join(f"{field}\r\n" for field in _build_fields(email, from_address, mail_id=mail_id, at=at))
    raw = fields.encode() + _build_body(email, mail_id)
    return raw if dkim is None else dkim.sign_message(raw, at=at)


def _build_fields(email: EmailMessage, from_address: FromAddress, *, mail_id: str, at: datetime) -> Iterator[str]:
    """Yield the header fields.

    The standard library is not used: it exceeds the limits of RFC 2047, or encodes List-Unsubscribe as text, and
    one-click would fail.
    """
    yield format_from(from_address)
    yield f"To: {email.to.addr_spec}"  # in UTF-8 for an international mailbox: it is sent with SMTPUTF8
    yield format_text("Subject", email.subject)
    yield f"Date: {format_datetime(at)}"
    yield f"Message-ID: <{mail_id}@{from_address.address.domain}>"
    if "Reply-To" not in email.headers and from_address.reply_to is not None:
        yield f"Reply-To: {from_address.reply_to.addr_spec}"
    yield "Auto-Submitted: auto-generated"  # RFC 3834: suppresses automatic replies
    if email.list_unsubscribe is not None:
        yield format_list_unsubscribe(email.list_unsubscribe, email.list_unsubscribe_mailto)
        yield "List-Unsubscribe-Post: List-Unsubscribe=One-Click"
    for name, value in email.headers.items():
        yield f"{name}: {value}"


def _build_body(email: EmailMessage, mail_id: str) -> bytes:
    """Return the MIME fields and the body: ASCII in lines of at most 76 octets.

    No relay needs to re-encode quoted-printable, nor to quote a line that starts with "From " for an mbox file; both
    would break the signature.
    """
    message = MimeMessage(policy=_MIME_POLICY)
    message.set_content(email.text, cte="quoted-printable")
    if email.html is not None:
        message.add_alternative(email.html, subtype="html", cte="quoted-printable")
        message.set_boundary(f"=_{mail_id}")  # cannot occur in quoted-printable, where "=" precedes hex digits
    return _FROM_LINE.sub(b"=46rom =\r\n", message.as_bytes())
