"""Card numbers (primary account numbers, ISO/IEC 7812-1): the check digit, and finding them in stored values."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

MIN_CARD_DIGITS, MAX_CARD_DIGITS = 13, 19

_SEPARATOR_PATTERN = r"[ \u00a0\u202f-]"
_DIGIT_RUN = re.compile(rf"(?<![0-9A-Za-z])[2-6](?:{_SEPARATOR_PATTERN}?[0-9]){{12,18}}(?![0-9A-Za-z])")
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX_RUN = re.compile(r"[0-9a-fA-F]{26,}")


def is_luhn_valid(digits: str) -> bool:
    """Return whether the last of *digits* is the check digit of the others (ISO/IEC 7812-1, annex B: Luhn)."""
    own, doubled = digits[::-2], (2 * int(digit) - 9 * (digit > "4") for digit in digits[-2::-2])
    return (sum(map(int, own)) + sum(doubled)) % 10 == 0


def is_card_number(digits: str) -> bool:
    """Return whether *digits* have a card's length, a right check digit, and the first digit of some industry's cards.

    0 and 1 begin no card of a bank or shop (ISO/IEC 7812-1, major industry identifier), but times and counters do.
    """
    return MIN_CARD_DIGITS <= len(digits) <= MAX_CARD_DIGITS and digits[0] not in "01" and is_luhn_valid(digits)


def contains_card_number(value: Any) -> bool:
    """Return whether *value*, or anything inside it, has a card number: plain, spaced, dashed, in base64 or in hex."""
    return any(
        _has_card_number(text) or any(_has_card_number(inner) for inner in _decode_candidates(text))
        for text in _iter_texts(value)
    )


def _iter_texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("latin-1")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield f"{value:.0f}"
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _iter_texts(key)
            yield from _iter_texts(part)
    elif isinstance(value, Sequence):
        for part in value:
            yield from _iter_texts(part)


def _decode_candidates(text: str) -> Iterator[str]:
    for found in _BASE64_RUN.finditer(text):
        body = found.group().rstrip("=").replace("-", "+").replace("_", "/")
        # Characters before the base64 text, such as the path of a URL, may be in its alphabet: try all four offsets.
        for start in range(4):
            shifted = body[start:]
            with suppress(binascii.Error):  # a length that no encoding has
                yield base64.b64decode(shifted + "=" * (-len(shifted) % 4)).decode("latin-1")
    for found in _HEX_RUN.finditer(text):
        digits = found.group()
        for start in range(2):
            yield bytes.fromhex(digits[start : start + (len(digits) - start) // 2 * 2]).decode("latin-1")


def _has_card_number(text: str) -> bool:
    runs = (re.sub(_SEPARATOR_PATTERN, "", run.group()) for run in _DIGIT_RUN.finditer(text))
    # A digit repeated throughout is a placeholder, and no network issues such a number.
    return any(is_card_number(digits) and len(set(digits)) > 1 for digits in runs)
