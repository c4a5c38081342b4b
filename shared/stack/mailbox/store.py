"""The mails that have come: a file each, the newest kept, the oldest dropped."""

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
    """What is known of a mail without opening it."""

    id: str
    received_at: Rfc3339
    sender: str
    recipients: tuple[str, ...]
    """Of the envelope: to whom it really went."""
    to: str
    subject: str
    size: int

    def was_sent_to(self, address: str) -> bool:
        """Return whether *address* is a recipient."""
        return address.casefold() in (recipient.casefold() for recipient in self.recipients)

    def matches_recipient(self, text: str) -> bool:
        """Return whether *text* is part of a recipient's address."""
        return any(text.casefold() in recipient.casefold() for recipient in self.recipients)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailContents:
    """What stands in a mail; *headers* in their order, a name that comes twice joined by a comma."""

    headers: Mapping[str, str]
    text: str
    html: str


class Mailbox:
    """The mails in *folder*, newest first; they survive a restart."""

    def __init__(self, folder: Path, *, max_mails: int = MAX_MAILS, max_bytes: int = MAX_TOTAL_BYTES) -> None:
        self._folder, self._most, self._most_bytes = folder, max_mails, max_bytes
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = sorted(_load_mails(folder), key=lambda letter: (letter.received_at, letter.id))
        self._letters = {letter.id: letter for letter in found}

    def add(self, content: bytes, *, sender: str, recipients: tuple[str, ...], at: datetime) -> StoredMail:
        """Store one mail; return what is known of it."""
        message = _parse_message(content)
        letter = StoredMail(
            id=new_id("mail"),
            received_at=rfc3339(at),
            sender=sender,
            recipients=recipients,
            to=_recipient_addresses(message) or ", ".join(recipients),
            subject=_decode_header(message.get("subject", "")),
            size=len(content),
        )
        self._raw_path(letter.id).write_bytes(content)
        write_private_file(self._folder / f"{letter.id}.json", json.dumps(asdict(letter)))
        self._letters[letter.id] = letter
        self._delete_oldest()
        return letter

    def list_newest(self, limit: int, *, to: str | None = None, recipient_part: str | None = None) -> list[StoredMail]:
        """Return the last mails, newest first: all, those *to* an address, or those to an address *like* a text."""
        found = (
            letter
            for letter in reversed(self._letters.values())
            if (to is None or letter.was_sent_to(to))
            and (recipient_part is None or letter.matches_recipient(recipient_part))
        )
        return [letter for letter, _ in zip(found, range(limit), strict=False)]

    def get(self, mail_id: str) -> StoredMail | None:
        """Return the mail *letter_id*, if it is kept."""
        return self._letters.get(mail_id)

    def read_raw(self, mail: StoredMail) -> bytes:
        """Return the mail as it came."""
        return self._raw_path(mail.id).read_bytes()

    def read_contents(self, mail: StoredMail) -> MailContents:
        """Return what stands in the mail."""
        message = _parse_message(self.read_raw(mail))
        headers: dict[str, str] = {}
        for name, value in message.items():
            told = _decode_header(value)
            headers[name] = f"{headers[name]}, {told}" if name in headers else told
        return MailContents(headers=headers, text=_body_text(message, "plain"), html=_body_text(message, "html"))

    def _raw_path(self, mail_id: str) -> Path:
        return self._folder / f"{mail_id}.eml"

    def _delete_oldest(self) -> None:
        size = sum(letter.size for letter in self._letters.values())
        while len(self._letters) > self._most or size > self._most_bytes:
            oldest = self._letters.pop(next(iter(self._letters)))
            size -= oldest.size
            self._raw_path(oldest.id).unlink(missing_ok=True)
            (self._folder / f"{oldest.id}.json").unlink(missing_ok=True)


def _load_mails(folder: Path) -> Iterator[StoredMail]:
    for path in folder.glob("mail_*.json"):
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if path.with_suffix(".eml").exists():
            yield StoredMail(**{**told, "recipients": tuple(told["recipients"])})


def _parse_message(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)


def _recipient_addresses(message: EmailMessage) -> str:
    header = message.get("to")
    return ", ".join(_decode_header(address.addr_spec) for address in header.addresses) if header is not None else ""


def _decode_header(value: object) -> str:
    """Return a header as text: the parser hands the bytes of an international one (RFC 6532) on as surrogates."""
    return str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _body_text(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    if body is None:
        return ""
    try:
        return _decode_header(body.get_content())
    except (LookupError, MessageError, ValueError):  # a charset that nobody knows, an encoding that is none
        return (cast("bytes", body.get_payload(decode=True)) or b"").decode("utf-8", "replace")
