"""Finds card numbers in values, however they are spelled.

Texts are normalized first (``spelling.py``): digits of all scripts, escapes, separators. Then each run of digit groups
is checked against the ranges of the networks and the check digit.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shared.card_numbers.ranges import MAX_CARD_DIGITS, MIN_CARD_DIGITS, is_card_number, is_luhn_valid
from shared.card_numbers.spelling import decode_candidates, iter_spellings

_GAP_PATTERN = r"[^0-9A-Za-z]"
_RUN = re.compile(rf"\+?[0-9]+(?:{_GAP_PATTERN}{{1,3}}[0-9]+)*")
_DIGITS = re.compile(rf"[0-9](?:{_GAP_PATTERN}{{0,3}}[0-9]){{{MIN_CARD_DIGITS - 1}}}")
_DIGITS_IN_BYTES = re.compile(_DIGITS.pattern.encode())
_GROUP = re.compile(rf"([0-9]+)({_GAP_PATTERN}*)")
_MAX_PHONE_DIGITS = 15
"""Of an international telephone number after its plus sign (E.164)."""
_IMEI_DIGITS = 15
_IMEI_GROUPS = [2, 6, 6, 1]
_MIN_GROUP_DIGITS = 4
"""A card is written in groups of four to six digits; shorter groups are someone's own way."""
_LEAST_NUMBER, _GREATEST_NUMBER = 10**MIN_CARD_DIGITS, 10**MAX_CARD_DIGITS

_TIME_PATTERN = r"(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-6]\d(?:[.,]\d{1,9})?)?"
_OCTET_PATTERN = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_NOT_CARDS = re.compile(
    "|".join(
        (
            # UUIDs and hexadecimal digests with a letter: digests have runs of digits by chance
            r"(?<![0-9A-Za-z])(?=[0-9-]*[A-Fa-f])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Za-z])",
            r"(?<![0-9A-Za-z])(?=[0-9]*[a-f])[0-9a-f]{32,}(?![0-9A-Za-z])",
            r"(?<![0-9A-Za-z])(?=[0-9]*[A-F])[0-9A-F]{32,}(?![0-9A-Za-z])",
            # our ids (shared.ids) and Stripe's, with a letter: at most 14 digits in a row are chance
            r"(?<![0-9A-Za-z])[a-z]{2,8}_(?![0-9a-z]*[0-9]{15})(?=[0-9]*[a-z])[0-9a-hjkmnp-tv-z]{26}(?![0-9A-Za-z])",
            r"(?<![0-9A-Za-z])(?:pm|cus|pi|re|dp|seti|evt)_(?!\w*[0-9]{15})(?=[0-9]*[A-Za-z])[0-9A-Za-z]{14,40}(?!\w)",
            # days and times of the day; no range of a network has the year 19xx, 20xx or 21xx
            rf"(?<!\d)(?:19|20|21)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:[T ]{_TIME_PATTERN})?(?!\d)",
            r"(?<!\d)(?<!\d[./-])(?:0?[1-9]|[12]\d|3[01])([./-])(?:0?[1-9]|1[0-2])\1(?:19|20|21)\d\d(?![./-]?\d)",
            rf"(?<!\d)(?<!\d:){_TIME_PATTERN}(?![:.,]?\d)",
            # IP addresses
            rf"(?<!\d)(?<!\d\.){_OCTET_PATTERN}(?:\.{_OCTET_PATTERN}){{3}}(?!\.?\d)",
        )
    )
)


def contains_card_number(value: Any) -> bool:
    """Return whether *value*, or anything inside it, has a card number, in any spelling, base64 and hex included."""
    if isinstance(value, str):
        return any(_is_spelled_in(plain) or _is_hidden_in(plain) for plain in iter_spellings(value))
    if isinstance(value, bytes):
        return _is_in_bytes(value) or _is_in_encoded_text(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        # Shorter numbers are counts: of bytes, of milliseconds.
        return _LEAST_NUMBER <= value <= _GREATEST_NUMBER and _is_number_either_way(str(int(value)))
    if isinstance(value, Mapping):
        return any(contains_card_number(key) or contains_card_number(part) for key, part in value.items())
    return isinstance(value, Sequence) and any(contains_card_number(part) for part in value)


def _is_in_encoded_text(content: bytes) -> bool:
    """Return whether *content* is a text with a number; in what is no text, only base64 and hex are decoded."""
    try:
        return contains_card_number(content.decode("utf-8"))
    except UnicodeDecodeError:
        return _is_hidden_in(content.decode("latin-1"))


def _is_hidden_in(plain: str) -> bool:
    return any(_is_in_bytes(hidden) for hidden in decode_candidates(plain))


def _is_in_bytes(content: bytes) -> bool:
    """Return whether *content* has a number in ASCII digits, UTF-16 and UTF-32 included; most content is binary."""
    return bool(_DIGITS_IN_BYTES.search(content)) and _is_spelled_in(content.decode("latin-1"))


def _is_spelled_in(plain: str) -> bool:
    if not _DIGITS.search(plain):
        return False
    return any(
        _is_number_either_way(digits)
        for run in _RUN.finditer(_NOT_CARDS.sub("x", plain))
        for digits in _iter_candidates(run[0])
    )


def _is_number_either_way(digits: str) -> bool:
    """Return whether *digits* are a card number, forwards or backwards.

    Backwards only where the digits are no IMEI and no time in micro- or nanoseconds.
    """
    if is_card_number(digits):
        return True
    is_imei = len(digits) == _IMEI_DIGITS and is_luhn_valid(digits)
    is_time = digits[0] == "1"
    return len(digits) >= _IMEI_DIGITS and not (is_imei or is_time) and is_card_number(digits[::-1])


def _iter_candidates(run: str) -> Iterator[str]:
    """Yield the digits of *run* that may be a card: all of them, or consecutive groups written as a card is written."""
    pairs = _GROUP.findall(run.removeprefix("+"))
    groups, gaps = [digits for digits, _ in pairs], [gap for _, gap in pairs]
    shortest = _MAX_PHONE_DIGITS + 1 if run[0] == "+" else MIN_CARD_DIGITS
    if shortest <= sum(map(len, groups)) <= MAX_CARD_DIGITS:
        yield "".join(groups)
    if [len(each) for each in groups] == _IMEI_GROUPS:
        return
    for start, end in _iter_windows(groups):
        digits = "".join(groups[start:end])
        is_long_enough = len(digits) >= (MIN_CARD_DIGITS if start else shortest)
        # A list of numbers has a comma and a space between them, a card has one separator, perhaps repeated.
        if is_long_enough and all(len(set(gap)) == 1 for gap in gaps[start : end - 1]):
            yield digits


def _iter_windows(groups: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield start and end of consecutive groups that look like a card inside a longer row of numbers.

    Groups of four or more digits, the last excepted; or a whole stretch of groups of one, two or three digits.
    """
    for start, first in enumerate(groups):
        if len(first) >= _MIN_GROUP_DIGITS:
            yield from _iter_long_groups(groups, start)
        elif not start or len(groups[start - 1]) != len(first):
            end = start + 1
            while end < len(groups) and len(groups[end]) == len(first):
                end += 1
            if (end - start) * len(first) <= MAX_CARD_DIGITS:
                yield start, end


def _iter_long_groups(groups: Sequence[str], start: int) -> Iterator[tuple[int, int]]:
    length = 0
    for end in range(start + 1, len(groups) + 1):
        length += len(groups[end - 1])
        if length > MAX_CARD_DIGITS:
            return
        if length >= MIN_CARD_DIGITS:
            yield start, end
        if len(groups[end - 1]) < _MIN_GROUP_DIGITS:
            return
