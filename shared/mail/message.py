"""The email message: content, recipient and allowed headers."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Self

from shared.mail.address import EmailAddress
from shared.mail.headers import MAX_FIELD_BYTES, format_list_unsubscribe

_KIND = re.compile(r"[a-z][a-z_]*(\.[a-z][a-z_]*)*")
_HEADER_NAME = re.compile(r"(List-Id|List-Help|Reply-To|In-Reply-To|References|X-[A-Za-z-]+)")
_MAX_HEADER_LENGTH = 900
_MAX_SUBJECT_LENGTH = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailMessage:
    """An email to exactly one recipient, without Cc or Bcc (C16).

    *kind* names it for logs and hooks (``identity.verification``). *list_unsubscribe* is the one-click URL of a
    newsletter: it sets both headers of RFC 8058 and lowers the priority below transactional emails.
    *list_unsubscribe_mailto* is the address whose mail unsubscribes as well; it follows the URL in the header.
    """

    kind: str
    to: EmailAddress
    subject: str
    text: str
    html: str | None = None
    list_unsubscribe: str | None = None
    list_unsubscribe_mailto: EmailAddress | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.to, EmailAddress):
            raise TypeError("an email has exactly one recipient, an EmailAddress")
        if not _KIND.fullmatch(self.kind):
            raise ValueError("a kind looks like identity.verification")
        if not _is_one_line(self.subject, _MAX_SUBJECT_LENGTH):
            raise ValueError("a subject is one line of 1 to 300 printable characters")
        # A lone surrogate cannot be encoded: fail here, not in the sender.
        f"{self.text}{self.html or ''}".encode()
        if self.list_unsubscribe is not None and not _is_url(self.list_unsubscribe):
            raise ValueError("list_unsubscribe is one http(s) URL in ASCII")
        if self.list_unsubscribe_mailto is not None:
            _check_mailto(self.list_unsubscribe, self.list_unsubscribe_mailto)
        for name, value in self.headers.items():
            if not (_HEADER_NAME.fullmatch(name) and value.isascii() and _is_one_line(value, _MAX_HEADER_LENGTH)):
                raise ValueError(f"an email may not set the header {name!r}, or its value is not one line of ASCII")

    def to_json(self) -> bytes:
        """Return the email as JSON, the plaintext of the queue."""
        mailto = self.list_unsubscribe_mailto and self.list_unsubscribe_mailto.email
        return json.dumps({**asdict(self), "to": self.to.email, "list_unsubscribe_mailto": mailto}).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Return the email that ``to_json`` serialized."""
        parts = json.loads(text)
        mailto = parts.get("list_unsubscribe_mailto")  # absent in an email that an older release queued
        addresses = {
            "to": EmailAddress(parts["to"]),
            "list_unsubscribe_mailto": EmailAddress(mailto) if mailto else None,
        }
        return cls(**{**parts, **addresses})


def _is_one_line(text: str, max_length: int) -> bool:
    return 0 < len(text) <= max_length and text.isprintable()


def _check_mailto(url: str | None, mailto: EmailAddress) -> None:
    if url is None or mailto.needs_smtputf8:
        raise ValueError("list_unsubscribe_mailto is an address in ASCII beside the one-click URL")
    if len(format_list_unsubscribe(url, mailto)) > MAX_FIELD_BYTES:
        raise ValueError(f"List-Unsubscribe has at most {MAX_FIELD_BYTES} bytes")


def _is_url(text: str) -> bool:
    return (
        text.isascii()
        and _is_one_line(text, _MAX_HEADER_LENGTH)
        and text.startswith(("https://", "http://"))
        and not set(text) & set(' <>,"')
    )
