"""Emails to many: encoded once, then only what differs is spliced in and the result signed (RFC 6376).

The headers come from ``compose``, so that a bulk email has the same ones. Each place that differs is a *slot*. In a
body, slots stand between soft line breaks (RFC 2045 6.7), so what is filled in moves no other line.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape

from shared.mail.address import EmailAddress, FromAddress
from shared.mail.compose import compose
from shared.mail.dkim import DkimSigner, canonicalize_header, fold_signature, parse_headers, select_signed_names
from shared.mail.headers import format_text
from shared.mail.message import EmailMessage

_SLOT = re.compile("\ue000([a-z_]+)\ue001")
_MAX_QP_LINE = 75  # and the "=" of a soft break
_SOFT_BREAK = b"=\r\n"
_SAFE = frozenset(range(33, 127)) - {ord("=")}
_ESCAPED_AT_LINE_START = {b".": b"=2E", b"F": b"=46"}
"""A dot is doubled by SMTP, and "From " gets a ">" from programs that store mail: both would break the signature."""
_MAX_LIST_UNSUBSCRIBE = 990 - len("List-Unsubscribe: ")
_BH_END = b";\r\n b="


def build_slot(name: str) -> str:
    """Return the mark of the slot *name* in a text or a HTML."""
    return f"\ue000{name}\ue001"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkEmail:
    """What all copies of an email share; *text* and *html* hold slots, and *subject* may."""

    template_id: str
    kind: str
    subject: str
    text: str
    html: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkRecipient:
    """What differs in the copy of one recipient."""

    mail_id: str
    to: str
    """The addr-spec, with the domain in ASCII."""
    list_unsubscribe: str
    """The value of the header: the https URI first, then the mailto URI."""
    values: Mapping[str, str]
    """The values of the slots."""


class BulkComposer:
    """Composes the copies of one email; the same arguments give the same bytes."""

    def __init__(self, email: BulkEmail, from_address: FromAddress, *, at: datetime, dkim: DkimSigner | None) -> None:
        self._dkim = dkim
        self._id_domain = from_address.address.domain
        self._subject = _SLOT.split(email.subject) if _SLOT.search(email.subject) else None
        """The pieces of a subject with slots: text, name, text and so on."""
        sample = EmailMessage(
            kind=email.kind,
            to=EmailAddress("to@slot.example"),
            subject="-" if self._subject else email.subject,
            text="-",
            html="-",
            list_unsubscribe="https://slot.example",
            headers=email.headers,
        )
        raw = compose(sample, from_address, mail_id=email.template_id, at=at, dkim=None)
        fields = parse_headers(raw.partition(b"\r\n\r\n")[0] + b"\r\n")
        self._head = [name + b":" + value + b"\r\n" for name, value in fields]
        names = [name.lower() for name, _ in fields]
        self._to, self._message_id, self._list_unsubscribe = (
            names.index(name) for name in (b"to", b"message-id", b"list-unsubscribe")
        )
        self._subject_index = names.index(b"subject")
        self._signed, self._signed_at = _prepare_signed_headers(fields, differ=(b"subject",) if self._subject else ())
        self._tags = b"" if dkim is None else b" " + dkim.build_tags(select_signed_names(names), at)
        self._canonical_tags = canonicalize_header(self._tags)
        self._body, self._slots = _encode_body(email)

    def render(self, recipient: BulkRecipient) -> bytes:
        """Return the bytes of the copy for *recipient*."""
        body = self._fill_body(recipient.values)
        values = [
            recipient.to.encode(),
            f"<{recipient.mail_id}@{self._id_domain}>".encode(),
            _check_list_unsubscribe(recipient.list_unsubscribe),
        ]
        head = self._head.copy()
        head[self._to] = b"To: " + values[0] + b"\r\n"
        head[self._message_id] = b"Message-ID: " + values[1] + b"\r\n"
        head[self._list_unsubscribe] = b"List-Unsubscribe: " + values[2] + b"\r\n"
        if self._subject is not None:
            head[self._subject_index] = _format_subject(self._subject, recipient.values)
            values.append(canonicalize_header(head[self._subject_index].partition(b":")[2]))
        return b"".join((self._sign(values, body), *head, b"\r\n", body))

    def _fill_body(self, values: Mapping[str, str]) -> bytes:
        pieces = self._body.copy()
        for index, name, is_html in self._slots:
            value = values[name]
            pieces[index] = _encode_value(escape(value) if is_html else value)
        return b"".join(pieces)

    def _sign(self, values: Sequence[bytes], body: bytes) -> bytes:
        """Return the DKIM-Signature header; nothing without a key."""
        if self._dkim is None:
            return b""
        body_hash = base64.b64encode(hashlib.sha256(body).digest())
        signed = self._signed.copy()
        for index, value in zip(self._signed_at, values, strict=True):
            signed[index] = value
        signed.append(b"dkim-signature:" + self._canonical_tags + body_hash + b"; b=")
        signature = self._dkim.sign_bytes(b"".join(signed))
        return b"".join((b"DKIM-Signature:", self._tags, body_hash, _BH_END, fold_signature(signature), b"\r\n"))


def _prepare_signed_headers(
    fields: list[tuple[bytes, bytes]], *, differ: Sequence[bytes]
) -> tuple[list[bytes], list[int]]:
    """Return the signed headers in canonical form, in pieces, and where the values of those that differ go."""
    by_name = {name.lower(): value for name, value in fields}
    slots = dict.fromkeys((b"to", b"message-id", b"list-unsubscribe", *differ), 0)
    pieces: list[bytes] = []
    for name in dict.fromkeys(select_signed_names(list(by_name))):
        if name in slots:
            slots[name] = len(pieces) + 1
            pieces += [name + b":", b"", b"\r\n"]
        elif name in by_name:
            pieces.append(name + b":" + canonicalize_header(by_name[name]) + b"\r\n")
    return pieces, list(slots.values())


def _format_subject(pieces: Sequence[str], values: Mapping[str, str]) -> bytes:
    """Return the Subject field of one copy."""
    filled = "".join(values[piece] if index % 2 else piece for index, piece in enumerate(pieces))
    return f"{format_text('Subject', filled)}\r\n".encode()


def _encode_body(email: BulkEmail) -> tuple[list[bytes], list[tuple[int, str, bool]]]:
    """Return the body in pieces, and its slots: index, name, whether it is in the HTML part."""
    boundary = f"--=_{email.template_id}".encode()
    pieces: list[bytes] = []
    slots: list[tuple[int, str, bool]] = []
    for subtype, content in ((b"plain", email.text), (b"html", email.html)):
        pieces.append(
            boundary
            + b"\r\nContent-Type: text/"
            + subtype
            + b'; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
        )
        for index, part in enumerate(_SLOT.split(content)):
            if index % 2:
                slots.append((len(pieces), part, subtype == b"html"))
                pieces += [b"", _SOFT_BREAK]
            else:
                pieces += [_encode_text(part), _SOFT_BREAK]
        pieces[-1] = b"\r\n"
    pieces.append(boundary + b"--\r\n")
    return pieces, slots


def _encode_value(value: str) -> bytes:
    """Return *value* as quoted-printable without a literal blank, in lines that end in soft breaks but for the last."""
    return binascii.b2a_qp(value.encode(), quotetabs=True, istext=False).replace(b"=\n", _SOFT_BREAK)


def _encode_text(text: str) -> bytes:
    """Return *text* as quoted-printable in DKIM's relaxed canonical form already: no run of blanks, none at an end."""
    return b"\r\n".join(b"=\r\n".join(_fold_line(line)) for line in text.replace("\r\n", "\n").split("\n"))


def _fold_line(line: str) -> Iterator[bytes]:
    current = b""
    for token in _encode_characters(line):
        if len(current) + len(token) > _MAX_QP_LINE:
            yield current
            current = b""
        current += token if current else _ESCAPED_AT_LINE_START.get(token, token)
    yield current


def _encode_characters(line: str) -> Iterator[bytes]:
    raw, previous = line.encode(), 0
    for index, byte in enumerate(raw):
        # A blank stays readable unless it follows another one, or begins or ends the line.
        is_plain_blank = byte == 32 and previous != 32 and 0 < index < len(raw) - 1
        yield bytes((byte,)) if byte in _SAFE or is_plain_blank else b"=%02X" % byte
        previous = byte


def _check_list_unsubscribe(value: str) -> bytes:
    """Return *value* in ASCII; it stands on one line, because some programs read no folded one."""
    if len(value) > _MAX_LIST_UNSUBSCRIBE or not value.isprintable():
        raise ValueError("a List-Unsubscribe header is one line of less than 990 octets")
    return value.encode("ascii")
