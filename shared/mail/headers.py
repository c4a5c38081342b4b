"""Header fields in their final form: short folded lines (RFC 5322 2.2.3), encoded words (RFC 2047)."""

import re
from base64 import b64encode
from collections.abc import Iterator
from email.utils import formataddr

from shared.mail.address import EmailAddress, FromAddress

MAX_FIELD_BYTES = 990
"""A longer List-Unsubscribe field would pass the limit of 998 octets a line at a relay that unfolds it."""
_MAX_LINE = 76
"""The limit of a line with an encoded word (RFC 2047 2); below the 78 of other lines."""
_MAX_WORD = 75
_WORD_START, _WORD_END = "=?utf-8?b?", "?="
_FOLD = "\r\n "
# A reader decodes "=?…?=" in plain text, and may collapse blanks where a line was folded: such text is encoded, too.
_MUST_ENCODE = re.compile(r"[^ -~]|=\?|^ | $|  ")


def format_text(name: str, text: str) -> str:
    """Return an unstructured field such as Subject; *text* is one line."""
    if not _MUST_ENCODE.search(text):
        lines = _wrap(f"{name}:", text.split(" "))
        if max(map(len, lines)) <= _MAX_LINE:
            return _FOLD.join(lines)
    return f"{name}: {_FOLD.join(_encode_words(text, used=len(name) + 2))}"


def format_from(sender: FromAddress) -> str:
    """Return the From field."""
    address = sender.address.addr_spec
    plain = f"From: {formataddr((sender.name, address))}"
    if not _MUST_ENCODE.search(sender.name) and len(plain) <= _MAX_LINE:
        return plain
    words = list(_encode_words(sender.name, used=len("From: ")))
    return f"From: {_FOLD.join((*words, f'<{address}>'))}"


def format_list_unsubscribe(url: str, mailto: EmailAddress | None) -> str:
    """Return the List-Unsubscribe field: the one-click URL, then the mailto, folded only between them.

    A URL that is encoded, or folded inside, is no URL for the readers of RFC 8058 (N-02).
    """
    targets = [f"<{url}>", *([f"<mailto:{mailto.addr_spec}>"] if mailto is not None else [])]
    return f"List-Unsubscribe: {f',{_FOLD}'.join(targets)}"


def _wrap(name: str, words: list[str]) -> list[str]:
    """Return the lines of a field, broken between words as late as possible; the first word stays with the name."""
    lines, line = [], f"{name} {words[0]}"
    for word in words[1:]:
        if len(line) + 1 + len(word) < _MAX_LINE:
            line += f" {word}"
        else:
            lines.append(line)
            line = word
    return [*lines, line]


def _encode_words(text: str, *, used: int) -> Iterator[str]:
    """Yield encoded words of at most 75 octets, of whole characters; *used* octets precede the first."""
    room = min(_MAX_WORD, _MAX_LINE - used)
    chunk = b""
    for character in text:
        encoded = character.encode()
        if len(chunk) + len(encoded) > _capacity(room):
            yield _encode_word(chunk)
            chunk, room = b"", _MAX_WORD
        chunk += encoded
    yield _encode_word(chunk)


def _capacity(room: int) -> int:
    """Return how many octets an encoded word of *room* octets holds in Base64."""
    return (room - len(_WORD_START) - len(_WORD_END)) // 4 * 3


def _encode_word(chunk: bytes) -> str:
    return f"{_WORD_START}{b64encode(chunk).decode()}{_WORD_END}"
