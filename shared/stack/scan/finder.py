"""Finds known card numbers in bytes: as digits with any separator, reversed, as codes of characters, as numbers.

The numbers are known, so a match is exact and a random run of digits is none. What wraps the bytes (escapes, base64,
hexadecimal, compression) is removed first by ``encodings`` and ``compression``, a few layers deep.
"""

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from shared.stack.scan.compression import Buffer, decompress_all
from shared.stack.scan.encodings import iter_decoded, to_ascii_digits

MAX_DEPTH = 4
"""Layers that are removed: base64 of a gzip file in an escaped string has three."""
_WINDOW, _OVERLAP = 1 << 20, 1 << 13
_MAX_GAP = 8
"""Bytes between two digits: a separator of two characters, also in UTF-16."""
_NOT_DIGITS = bytes(each for each in range(256) if not 0x30 <= each <= 0x39)
_MAX_INT64 = 2**63
_SECURITY_CODE = re.compile(rb"(?:cvc|cvv|cv2|csc|security[ _-]?code)2?[^0-9a-z]{1,8}[0-9]{3,4}(?![0-9a-z.])")
_CODE_NAMES = (b"cvc", b"cvv", b"cv2", b"csc", b"code")


@dataclass(frozen=True, slots=True, order=True)
class CardMatch:
    """A number that was found: its last four digits, the layers around it, and its form."""

    form: str
    last4: str


@dataclass(frozen=True, slots=True)
class _DigitForm:
    """A run of digits to look for after everything else is removed, and the exact pattern that confirms it."""

    match: CardMatch
    digits: bytes
    pattern: re.Pattern[bytes]


class CardNumberFinder:
    """Finds any of the given numbers, and security codes that stand beside their name."""

    def __init__(self, numbers: Iterable[str]) -> None:
        known = tuple(numbers)
        self._digit_forms = tuple(form for number in known for form in _digit_forms(number))
        self._byte_forms = tuple(form for number in known for form in _byte_forms(number))

    def find_numbers(self, data: Buffer) -> set[CardMatch]:
        """Return what *data* holds, layers of encoding and compression included."""
        return set(self._find(data, depth=0, path=""))

    def _find(self, data: Buffer, *, depth: int, path: str) -> Iterator[CardMatch]:
        for start in range(0, len(data), _WINDOW):
            window = data[start : start + _WINDOW + _OVERLAP]
            if window.count(0) == len(window):  # a database allocates its files ahead
                continue
            yield from self._find_forms(window, path)
            if depth == MAX_DEPTH:
                continue
            for layer, inner in chain(iter_decoded(window), decompress_all(window, data, start)):
                yield from self._find(inner, depth=depth + 1, path=f"{path}{layer} > ")

    def _find_forms(self, window: bytes, path: str) -> Iterator[CardMatch]:
        text = to_ascii_digits(window)
        digits = text.translate(None, _NOT_DIGITS)
        for form in self._digit_forms:
            if form.digits in digits and form.pattern.search(text):
                yield CardMatch(path + form.match.form, form.match.last4)
        for match, value in self._byte_forms:
            if value in window:
                yield CardMatch(path + match.form, match.last4)
        lower = window.lower()
        if any(name in lower for name in _CODE_NAMES) and _SECURITY_CODE.search(lower):
            yield CardMatch(f"{path}security code", "")


def _digit_forms(number: str) -> Iterator[_DigitForm]:
    """Yield the forms that are digits themselves; the codes of the digits 0-9 are digits, in every notation."""
    texts = {
        "digits": number,
        "reversed": number[::-1],
        "hexadecimal": number.encode().hex(),
        "hexadecimal, 0x": "".join(f"0{ord(digit):x}" for digit in number),
        "hexadecimal UTF-16": number.encode("utf-16-be").hex(),
        "hexadecimal UTF-16, little endian": number.encode("utf-16-le").hex(),
        "decimal codes": "".join(str(ord(digit)) for digit in number),
    }
    for name, text in texts.items():
        pattern = (rb"[^0-9]{0,%d}" % _MAX_GAP).join(digit.encode() for digit in text)
        yield _DigitForm(CardMatch(name, number[-4:]), text.encode(), re.compile(pattern))


def _byte_forms(number: str) -> Iterator[tuple[CardMatch, bytes]]:
    """Yield the binary forms: as a number of the usual kinds, packed decimal, full width in UTF-16."""
    value, full_width = int(number), number.translate({ord("0") + each: 0xFF10 + each for each in range(10)})
    forms = {
        "double": struct.pack("<d", value),
        "double, big endian": struct.pack(">d", value),
        "varint": _varint(value),
        "full width UTF-16": full_width.encode("utf-16-be"),
        "full width UTF-16, little endian": full_width.encode("utf-16-le"),
    }
    if value < _MAX_INT64:
        forms |= {"64-bit integer": struct.pack("<q", value), "64-bit integer, big endian": struct.pack(">q", value)}
    if len(number) % 2 == 0:
        forms["packed decimal"] = bytes.fromhex(number)
    for name, form in forms.items():
        yield CardMatch(name, number[-4:]), form


def _varint(value: int) -> bytes:
    """Return *value* as protobuf stores it."""
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])
