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

from shared.clock import rfc3339
from shared.ids import new_id
from shared.stack.home import write_private

MOST = 2000
MOST_BYTES = 200 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is known of a mail without opening it."""

    id: str
    received_at: str
    sender: str
    recipients: tuple[str, ...]
    """Of the envelope: to whom it really went."""
    to: str
    subject: str
    size: int

    def went_to(self, address: str) -> bool:
        """Tell whether *address* is among those it went to."""
        return address.casefold() in (recipient.casefold() for recipient in self.recipients)

    def matches(self, text: str) -> bool:
        """Tell whether *text* is part of an address it went to."""
        return any(text.casefold() in recipient.casefold() for recipient in self.recipients)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What stands in a mail; *headers* in their order, a name that comes twice joined by a comma."""

    headers: Mapping[str, str]
    text: str
    html: str


class Letters:
    """The mails in *folder*, newest first; they survive a restart."""

    def __init__(self, folder: Path, *, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._folder, self._most, self._most_bytes = folder, most, most_bytes
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = sorted(_read_all(folder), key=lambda letter: (letter.received_at, letter.id))
        self._letters = {letter.id: letter for letter in found}

    def keep(self, content: bytes, *, sender: str, recipients: tuple[str, ...], at: datetime) -> Letter:
        """Store one mail; return what is known of it."""
        message = _parsed(content)
        letter = Letter(
            id=new_id("mail"),
            received_at=rfc3339(at),
            sender=sender,
            recipients=recipients,
            to=_addresses(message) or ", ".join(recipients),
            subject=_readable(message.get("subject", "")),
            size=len(content),
        )
        self._raw(letter.id).write_bytes(content)
        write_private(self._folder / f"{letter.id}.json", json.dumps(asdict(letter)))
        self._letters[letter.id] = letter
        self._drop_oldest()
        return letter

    def newest(self, limit: int, *, to: str | None = None, like: str | None = None) -> list[Letter]:
        """Return the last mails, newest first: all, those *to* an address, or those to an address *like* a text."""
        found = (
            letter
            for letter in reversed(self._letters.values())
            if (to is None or letter.went_to(to)) and (like is None or letter.matches(like))
        )
        return [letter for letter, _ in zip(found, range(limit), strict=False)]

    def get(self, letter_id: str) -> Letter | None:
        """Return the mail *letter_id*, if it is kept."""
        return self._letters.get(letter_id)

    def raw(self, letter: Letter) -> bytes:
        """Return the mail as it came."""
        return self._raw(letter.id).read_bytes()

    def open(self, letter: Letter) -> Opened:
        """Return what stands in the mail."""
        message = _parsed(self.raw(letter))
        headers: dict[str, str] = {}
        for name, value in message.items():
            told = _readable(value)
            headers[name] = f"{headers[name]}, {told}" if name in headers else told
        return Opened(headers=headers, text=_part(message, "plain"), html=_part(message, "html"))

    def _raw(self, letter_id: str) -> Path:
        return self._folder / f"{letter_id}.eml"

    def _drop_oldest(self) -> None:
        size = sum(letter.size for letter in self._letters.values())
        while len(self._letters) > self._most or size > self._most_bytes:
            oldest = self._letters.pop(next(iter(self._letters)))
            size -= oldest.size
            self._raw(oldest.id).unlink(missing_ok=True)
            (self._folder / f"{oldest.id}.json").unlink(missing_ok=True)


def _read_all(folder: Path) -> Iterator[Letter]:
    for path in folder.glob("mail_*.json"):
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if path.with_suffix(".eml").exists():
            yield Letter(**{**told, "recipients": tuple(told["recipients"])})


def _parsed(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)


def _addresses(message: EmailMessage) -> str:
    header = message.get("to")
    return ", ".join(_readable(address.addr_spec) for address in header.addresses) if header is not None else ""


def _readable(value: object) -> str:
    """Return a header as text: the parser hands the bytes of an international one (RFC 6532) on as surrogates."""
    return str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    if body is None:
        return ""
    try:
        return _readable(body.get_content())
    except (LookupError, MessageError, ValueError):  # a charset that nobody knows, an encoding that is none
        return (cast("bytes", body.get_payload(decode=True)) or b"").decode("utf-8", "replace")
