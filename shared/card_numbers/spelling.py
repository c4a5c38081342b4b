"""Normalizes the spelling of digits, and decodes what may hide a number.

A normalized text is ASCII: digits of all scripts are 0 to 9, letters stay or are ``x``, marks and
invisible characters are gone, and any other character is a separator.
"""

import base64
import binascii
import re
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import suppress

_ESCAPED_BYTES = re.compile(r"(?:%[0-9A-Fa-f]{2})+|(?:=[0-9A-F]{2})+|(?:\\+x[0-9A-Fa-f]{2})+")
"""Bytes as a URL (RFC 3986), an email (quoted-printable, RFC 2045) or a program writes them."""
_ESCAPED_CHAR = re.compile(
    r"\\+u(?:([0-9A-Fa-f]{4})|\{([0-9A-Fa-f]{1,6})\})"  # of JSON and JavaScript
    r"|&#[xX]0*([0-9A-Fa-f]{1,6});?"  # of HTML
    r"|&#0*([0-9]{1,7});?"
)
_MAX_ESCAPING = 3
"""How often a text is unescaped: an escape may itself be escaped."""
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX_RUN = re.compile(r"[0-9A-Fa-f]{24,}")
_HEX_PAIRS = re.compile(
    r"(?<![0-9A-Za-z])(?:(?:0x)?[0-9A-Fa-f]{2}[^0-9A-Za-z]{1,2}){11,}(?:0x)?[0-9A-Fa-f]{2}(?![0-9A-Za-z])"
)


def iter_spellings(text: str) -> Iterator[str]:
    """Yield *text* in ASCII as it stands, then with its escapes undone, as often as there are some."""
    yield _normalize(text)
    for _ in range(_MAX_ESCAPING):
        if not any(mark in text for mark in "%=\\&"):
            return
        plain = _ESCAPED_CHAR.sub(_unescape_char, _ESCAPED_BYTES.sub(_unescape_bytes, text))
        if plain == text:
            return
        text = plain
        yield _normalize(text)


def decode_candidates(text: str) -> Iterator[bytes]:
    """Yield what *text* says where it is read as base64, or as hex with or without separators."""
    for found in _BASE64_RUN.finditer(text):
        body = found.group().rstrip("=").replace("-", "+").replace("_", "/")
        # Characters before the base64 text, such as the path of a URL, may be in its alphabet: try all four offsets.
        for start in range(4):
            shifted = body[start:]
            with suppress(binascii.Error):  # a length that no encoding has
                yield base64.b64decode(shifted + "=" * (-len(shifted) % 4))
    for found in _HEX_RUN.finditer(text):
        digits = found.group()
        for start in range(2):
            yield bytes.fromhex(digits[start : start + (len(digits) - start) // 2 * 2])
    for found in _HEX_PAIRS.finditer(text):
        yield bytes.fromhex(re.sub(r"0x|[^0-9A-Fa-f]", "", found.group()))


def _normalize(text: str) -> str:
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text)
    return text.translate({ord(char): _simplify(char) for char in set(text) if char > "\x7f"})


def _unescape_bytes(found: re.Match[str]) -> str:
    return _decode_bytes(bytes.fromhex(re.sub(r"[%=\\x]", "", found[0])))


def _unescape_char(found: re.Match[str]) -> str:
    four, braced, html_hex, html_decimal = found.groups()
    code = int(html_decimal) if html_decimal else int(four or braced or html_hex, 16)
    return chr(code) if code <= sys.maxunicode else found[0]


def _simplify(char: str) -> str:
    digit = unicodedata.digit(char, None)
    if digit is not None:
        return str(digit)
    category = unicodedata.category(char)
    if category == "Cf" or category[0] == "M":
        return ""
    return "x" if category[0] in "LN" else " "


def _decode_bytes(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")
