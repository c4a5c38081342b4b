"""Removes one layer of text encoding: digits of other scripts, escapes, base64, hexadecimal."""

import binascii
import re
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from functools import cache

_BASE64_RUN = re.compile(rb"[A-Za-z0-9+/]{16,}")
_HEX_RUN = re.compile(rb"[0-9a-fA-F]{24,}")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_ESCAPE = re.compile(
    rb"%(?P<percent>[0-9A-Fa-f]{2})"
    rb"|\\+u(?P<unicode>[0-9A-Fa-f]{4})"
    rb"|\\+u\{(?P<braced>[0-9A-Fa-f]{1,6})\}"
    rb"|\\+x(?P<byte>[0-9A-Fa-f]{2})"
    rb"|\\+(?P<octal>[0-3][0-7]{2})"
    rb"|&#x(?P<entity>[0-9A-Fa-f]{1,6});"
    rb"|&#(?P<decimal>[0-9]{1,7});"
    rb"|=(?P<quoted>[0-9A-F]{2})"
    rb"|(?P<soft>=\r?\n)"
)
_BASES = {"octal": 8, "decimal": 10}
_LINE_ENDS = (b"\\r", b"\\n")
_NEAR = 128
"""Bytes around an escape that are searched again without it."""
_BREAK = bytes(16)
"""Keeps apart what was not side by side."""


def to_ascii_digits(data: bytes) -> bytes:
    """Return *data* (UTF-8) with the digits of all scripts as 0-9, also circled, raised and full-width ones."""
    if data.isascii():
        return data
    values, pattern = _foreign_digits()
    return pattern.sub(lambda found: values[found[0]], data)


def iter_decoded(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield *data* with its escapes undone, and what its base64 and hexadecimal texts encode, if it has any."""
    for layer, parts in (
        ("escaped", _iter_unescaped(data)),
        ("base64", _iter_base64(data)),
        ("hexadecimal", _iter_hex(data)),
    ):
        if decoded := _BREAK.join(parts):
            yield layer, decoded


def _iter_unescaped(data: bytes) -> Iterator[bytes]:
    """Yield the surroundings of each escape, unescaped; in binary data few bytes look like one."""
    start = stop = -1
    for found in _ESCAPE.finditer(data):
        if found.start() - _NEAR > stop >= 0:
            yield _ESCAPE.sub(_unescape, data[start:stop])
            start = -1
        start = max(0, found.start() - _NEAR) if start < 0 else start
        stop = found.end() + _NEAR
    if stop >= 0:
        yield _ESCAPE.sub(_unescape, data[start:stop])


def _unescape(found: "re.Match[bytes]") -> bytes:
    kind, text = found.lastgroup, found[found.lastindex or 0]
    if kind == "soft":
        return b""
    code = int(text, _BASES.get(str(kind), 16))
    if kind in {"percent", "byte", "octal", "quoted"}:
        return bytes([code & 0xFF])
    return chr(code).encode("utf-8", "surrogatepass") if code <= sys.maxunicode else found[0]


def _iter_base64(data: bytes) -> Iterator[bytes]:
    joined = data.translate(_URL_SAFE, b"\r\n")
    for end in _LINE_ENDS:  # of a wrapped text inside a JSON string
        joined = joined.replace(end, b"")
    for run in _BASE64_RUN.findall(joined):
        # Characters before the text, such as the path of a URL, may be in its alphabet: try all four offsets.
        for start in range(4):
            body = run[start : start + (len(run) - start) // 4 * 4]
            tail = run[start + len(body) :]
            padded = body + (tail + b"=" * (4 - len(tail)) if len(tail) > 1 else b"")
            with suppress(binascii.Error):
                yield binascii.a2b_base64(padded)


def _iter_hex(data: bytes) -> Iterator[bytes]:
    for run in _HEX_RUN.findall(data):
        for start in range(2):
            yield bytes.fromhex(run[start : start + (len(run) - start) // 2 * 2].decode("ascii"))


@cache
def _foreign_digits() -> tuple[dict[bytes, bytes], re.Pattern[bytes]]:
    """Return the UTF-8 form of each digit that is not ASCII with its value, and the pattern of all."""
    values = {
        chr(code).encode(): str(unicodedata.digit(chr(code))).encode()
        for code in range(0x80, sys.maxunicode + 1)
        if chr(code).isdigit()
    }
    last_bytes: dict[bytes, bytearray] = {}
    for form in values:
        last_bytes.setdefault(form[:-1], bytearray()).append(form[-1])
    classes = (re.escape(lead) + b"[" + re.escape(bytes(ends)) + b"]" for lead, ends in last_bytes.items())
    return values, re.compile(b"|".join(classes))
