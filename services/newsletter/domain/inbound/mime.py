"""Reads a mail that came in: linear in its size, bounded in depth and parts, and never with an exception.

The standard library's parser descends into every enclosed message, so a hostile mail chooses its depth, and it reads an
encoded delivery status as text. Here an enclosed message stays a text, of which only the headers are read.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import HeaderParser
from quopri import decodestring

MAX_READ_BYTES = 256 * 1024
"""What a report says stands in front of the returned email, so the rest need not be read."""
_MAX_DEPTH = 8
_MAX_PARTS = 100
_MAX_HEADER_CHARS = 64 * 1024
_MAX_ENCODED_CHARS = 2_000
"""The standard library's decoder takes quadratic time."""
_HEADERS = HeaderParser()
_BOUNDARY_LINE = re.compile(rb"^--(?=\S*[\w.=])([^\s\-][^\s]{5,69}|-{2,30}[^\s]{6,69})[ \t]*\r?$", re.MULTILINE)
_TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class MailPart:
    """A part that is no multipart; the text of an enclosed message is its source."""

    content_type: str
    text: str


@dataclass(frozen=True, slots=True)
class InboundMail:
    """A mail: decoded headers by lower-case name, the content type, and its parts in order."""

    headers: Mapping[str, tuple[str, ...]]
    content_type: str
    parts: tuple[MailPart, ...]

    def get_header(self, name: str) -> str:
        """Return the first header of that name, empty when there is none."""
        return next(iter(self.headers.get(name.lower(), ())), "")

    def get_part(self, *content_types: str) -> str | None:
        """Return the text of the first part of one of these types."""
        return next((part.text for part in self.parts if part.content_type in content_types), None)

    @property
    def plain_text(self) -> str:
        """The first readable text: plain, else HTML without its tags."""
        plain = self.get_part("text/plain")
        if plain is not None and plain.strip():
            return plain
        html = self.get_part("text/html")
        if html is not None:
            return _TAG.sub(" ", html)
        # A multipart whose boundary is nowhere is its own text.
        return plain or next((part.text for part in self.parts if part.content_type.startswith("multipart/")), "")


def parse_mail(raw: bytes) -> InboundMail:
    """Return what can be read of *raw*; of a long mail only the beginning."""
    head, body = _split(raw[:MAX_READ_BYTES])
    message = _parse_head(head)
    return InboundMail(
        headers=_collect(message),
        content_type=message.get_content_type(),
        parts=tuple(_take(_walk(message, body, depth=0), _MAX_PARTS)),
    )


def parse_fields(text: str) -> dict[str, str]:
    """Return the header fields at the beginning of *text*, unfolded, by lower-case name; the first of each name."""
    return {name: values[0] for name, values in _collect(_HEADERS.parsestr(text[:_MAX_HEADER_CHARS])).items()}


def _walk(message: Message, body: bytes, *, depth: int) -> Iterator[MailPart]:
    is_multipart = message.get_content_maintype() == "multipart" and depth < _MAX_DEPTH
    inner_parts = _split_multipart(message, body) if is_multipart else []
    if not inner_parts:
        yield MailPart(message.get_content_type(), _decode_body(message, body))
    for part in inner_parts:
        head, inner = _split(part)
        yield from _walk(_parse_head(head), inner, depth=depth + 1)


def _split(raw: bytes) -> tuple[bytes, bytes]:
    """Split at the first empty line; a part may begin with it, and then has no headers."""
    match = re.search(rb"\A\r?\n|\r?\n\r?\n", raw)
    return (raw[: match.start()], raw[match.end() :]) if match else (raw, b"")


def _split_multipart(message: Message, body: bytes) -> list[bytes]:
    """Return the parts; where the named boundary does not occur, the first line that looks like one is taken."""
    named = (message.get_boundary() or "").encode("utf-8", "replace")
    if named and (parts := _split_parts(body, named)):
        return parts
    found = _BOUNDARY_LINE.search(body)
    return _split_parts(body, found[1]) if found else []


def _split_parts(body: bytes, boundary: bytes) -> list[bytes]:
    delimiter = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    marks = list(delimiter.finditer(body))[: _MAX_PARTS + 1]
    ends = [*(mark.start() for mark in marks[1:]), len(body)]
    return [
        re.sub(rb"\A\r?\n", b"", body[mark.end() : end], count=1)
        for mark, end in zip(marks, ends, strict=False)  # without a mark there is no part
        if mark[1] is None
    ]


def _parse_head(head: bytes) -> Message:
    return _HEADERS.parsestr(head[:_MAX_HEADER_CHARS].decode("utf-8", "replace").replace("\r\n", "\n") + "\n\n")


def _collect(message: Message) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, value in message.items():
        found.setdefault(name.lower(), []).append(_decode_header(str(value)))
    return {name: tuple(values) for name, values in found.items()}


def _decode_header(value: str) -> str:
    unfolded = " ".join(value.split())
    if "=?" not in unfolded or len(unfolded) > _MAX_ENCODED_CHARS:
        return unfolded
    try:
        return str(make_header(decode_header(unfolded)))
    except (HeaderParseError, LookupError, ValueError):
        return unfolded


def _decode_body(message: Message, body: bytes) -> str:
    match str(message.get("Content-Transfer-Encoding", "")).strip().lower():
        case "base64":
            body = _decode_base64(body)
        case "quoted-printable":
            body = decodestring(body)
        case _:
            pass
    for charset in (message.get_content_charset() or "utf-8", "utf-8"):
        try:
            return body.decode(charset)
        except (LookupError, ValueError):
            continue
    return body.decode("latin-1")


def _decode_base64(body: bytes) -> bytes:
    clean = re.sub(rb"[^A-Za-z0-9+/]", b"", body)
    try:
        return b64decode(clean[: len(clean) // 4 * 4] if len(clean) % 4 == 1 else clean + b"=" * (-len(clean) % 4))
    except binascii.Error:
        return body


def _take(parts: Iterator[MailPart], most: int) -> Iterator[MailPart]:
    for _, part in zip(range(most), parts, strict=False):
        yield part
