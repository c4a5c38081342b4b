"""Stores the received mails, one file each; the oldest are deleted beyond a number and a total size."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

from shared.clock import Rfc3339, rfc3339
from shared.ids import new_id
from shared.stack.directory import write_private_file

MAX_MAILS = 2000
MAX_TOTAL_BYTES = 200 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMail:
    """The envelope and header fields of a mail, readable without parsing it."""

    id: str
    received_at: Rfc3339
    sender: str
    recipients: tuple[str, ...]
    """The envelope recipients, which may differ from the To header."""
    to: str
    subject: str
    size: int

    def was_sent_to(self, address: str) -> bool:
        """Return whether *address* is a recipient."""
        return address.lower() in (recipient.lower() for recipient in self.recipients)

    def matches_recipient(self, text: str) -> bool:
        """Return whether *text* is part of a recipient's address."""
        return any(text.casefold() in recipient.casefold() for recipient in self.recipients)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailContents:
    """The parsed contents of a mail; *headers* in their order, repeated ones joined by a comma."""

    headers: Mapping[str, str]
    text: str
    html: str


class Mailbox:
    """The mails in *folder*, newest first; they survive a restart."""

    def __init__(self, folder: Path, *, max_mails: int = MAX_MAILS, max_bytes: int = MAX_TOTAL_BYTES) -> None:
        self._folder, self._max_mails, self._max_bytes = folder, max_mails, max_bytes
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = sorted(_load_mails(folder), key=lambda mail: (mail.received_at, mail.id))
        self._mails = {mail.id: mail for mail in found}

    def add(self, content: bytes, *, sender: str, recipients: tuple[str, ...], at: datetime) -> StoredMail:
        """Store one mail and return its metadata."""
        message = _parse_message(content)
        mail = StoredMail(
            id=new_id("mail"),
            received_at=rfc3339(at),
            sender=sender,
            recipients=recipients,
            to=_recipient_addresses(message) or ", ".join(recipients),
            subject=_decode_header(message.get("subject", "")),
            size=len(content),
        )
        self._raw_path(mail.id).write_bytes(content)
        write_private_file(self._folder / f"{mail.id}.json", json.dumps(asdict(mail)))
        self._mails[mail.id] = mail
        self._delete_oldest()
        return mail

    def list_newest(self, limit: int, *, to: str | None = None, recipient_part: str | None = None) -> list[StoredMail]:
        """Return mails, newest first; *to* is an exact recipient, *recipient_part* a part of a recipient's address."""
        found = (
            mail
            for mail in reversed(self._mails.values())
            if (to is None or mail.was_sent_to(to))
            and (recipient_part is None or mail.matches_recipient(recipient_part))
        )
        return [mail for mail, _ in zip(found, range(limit), strict=False)]

    def get(self, mail_id: str) -> StoredMail | None:
        """Return the mail *mail_id*, or None."""
        return self._mails.get(mail_id)

    def read_raw(self, mail: StoredMail) -> bytes:
        """Return the mail as received (RFC 5322)."""
        return self._raw_path(mail.id).read_bytes()

    def read_contents(self, mail: StoredMail) -> MailContents:
        """Return the parsed headers and bodies of the mail."""
        message = _parse_message(self.read_raw(mail))
        headers: dict[str, str] = {}
        for name, value in message.items():
            text = _decode_header(value)
            headers[name] = f"{headers[name]}, {text}" if name in headers else text
        return MailContents(headers=headers, text=_body_text(message, "plain"), html=_body_text(message, "html"))

    def _raw_path(self, mail_id: str) -> Path:
        return self._folder / f"{mail_id}.eml"

    def _delete_oldest(self) -> None:
        size = sum(mail.size for mail in self._mails.values())
        while len(self._mails) > self._max_mails or size > self._max_bytes:
            oldest = self._mails.pop(next(iter(self._mails)))
            size -= oldest.size
            self._raw_path(oldest.id).unlink(missing_ok=True)
            (self._folder / f"{oldest.id}.json").unlink(missing_ok=True)


def _load_mails(folder: Path) -> Iterator[StoredMail]:
    for path in folder.glob("mail_*.json"):
        stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if path.with_suffix(".eml").exists():
            yield StoredMail(**{**stored, "recipients": tuple(stored["recipients"])})


def _parse_message(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)


def _recipient_addresses(message: EmailMessage) -> str:
    header = message.get("to")
    return ", ".join(_decode_header(address.addr_spec) for address in header.addresses) if header is not None else ""


def _decode_header(value: object) -> str:
    """Return a header as text: the parser returns the bytes of an internationalized one (RFC 6532) as surrogates."""
    return str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _body_text(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    if body is None:
        return ""
    try:
        return _decode_header(body.get_content())
    except (LookupError, MessageError, ValueError):  # an unknown charset, an invalid encoding
        return (cast("bytes", body.get_payload(decode=True)) or b"").decode("utf-8", "replace")
