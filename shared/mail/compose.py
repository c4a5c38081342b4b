"""Turns a letter into the final bytes: what is signed is what is sent."""

from datetime import datetime
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage as MimeMessage
from email.policy import SMTP
from email.utils import format_datetime

from shared.mail.address import Sender
from shared.mail.dkim import Signer
from shared.mail.letter import Letter

# With the default of 78 the standard library encodes a long List-Unsubscribe as =?utf-8?q?…?=, and one-click is lost.
_WIRE = SMTP.clone(max_line_length=998)
_WIRE_UTF8 = _WIRE.clone(utf8=True)


def compose(letter: Letter, sender: Sender, *, mail_id: str, at: datetime, dkim: Signer | None) -> bytes:
    """Return the bytes of *letter*; the same arguments give the same bytes, so a mail sent again is the same mail."""
    message = _body(letter)
    if message.is_multipart():
        message.set_boundary(f"=_{mail_id}")  # never in a quoted-printable body: there "=" is followed by hexadecimals
    message["From"] = sender.header()
    message["To"] = HeaderAddress(username=letter.to.local, domain=letter.to.domain)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{mail_id}@{sender.address.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation replies to this
    if letter.list_unsubscribe is not None:
        message["List-Unsubscribe"] = f"<{letter.list_unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    for name, value in letter.headers.items():
        message[name] = value
    raw = message.as_bytes(policy=_WIRE_UTF8 if letter.to.international else _WIRE)
    return raw if dkim is None else dkim.sign(raw, at=at)


def _body(letter: Letter) -> MimeMessage:
    # Quoted-printable, folded at 76: no relay has a reason to re-encode it, which would break the signature.
    message = MimeMessage(policy=SMTP)
    message.set_content(letter.text, cte="quoted-printable")
    if letter.html is not None:
        message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return message
