"""The ranges of the card networks: first digits, lengths, and whether the last digit is a check digit.

The table (``ranges.csv``) has the ranges that the networks publish. Issuers and processors know more: a number outside
of it may still be a card. So the table decides what a kept text must not contain and which network is shown, and the
processor decides whether a card exists.
"""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

MIN_CARD_DIGITS, MAX_CARD_DIGITS = 12, 19
UNKNOWN_NETWORK = "unknown"
_MAX_PREFIX = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRange:
    """Card numbers with the same first digits: their network, lengths, and whether the last digit is a check digit.

    The network is *unknown* where several issue numbers, or none does any more.
    """

    network: str
    lengths: frozenset[int]
    has_check_digit: bool


def is_luhn_valid(digits: str) -> bool:
    """Return whether the last of *digits* is the check digit of the others (ISO/IEC 7812-1, annex B: Luhn)."""
    own, doubled = digits[::-2], (2 * int(digit) - 9 * (digit > "4") for digit in digits[-2::-2])
    return (sum(map(int, own)) + sum(doubled)) % 10 == 0


def find_card_range(digits: str) -> CardRange | None:
    """Return the narrowest range that has *digits*, by their first digits and their number; None outside the table."""
    for width in range(_MAX_PREFIX, 0, -1):
        for each in _RANGES.get(digits[:width], ()):
            if len(digits) in each.lengths:
                return each
    return None


def is_card_number(digits: str) -> bool:
    """Return whether *digits* are in a range of the table and have its check digit.

    A digit repeated throughout is a placeholder, and no network issues such a number.
    """
    found = find_card_range(digits)
    if found is None or len(set(digits)) == 1:
        return False
    return not found.has_check_digit or is_luhn_valid(digits)


def is_well_formed(digits: str) -> bool:
    """Return whether *digits* can be a card, of the table or not: its length, check digit and first digit.

    0 begins no card of a bank or shop (ISO/IEC 7812-1, major industry identifier).
    """
    if not (digits.isascii() and digits.isdigit() and MIN_CARD_DIGITS <= len(digits) <= MAX_CARD_DIGITS):
        return False
    found = find_card_range(digits)
    has_check_digit = found is None or found.has_check_digit
    return digits[0] != "0" and len(set(digits)) > 1 and (not has_check_digit or is_luhn_valid(digits))


def _read_ranges() -> Mapping[str, Sequence[CardRange]]:
    """Return the ranges by each of their prefixes."""
    ranges: dict[str, list[CardRange]] = defaultdict(list)
    text = files("shared.card_numbers").joinpath("ranges.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        found = CardRange(
            network=row["network"],
            lengths=_parse_lengths(row["lengths"]),
            has_check_digit=row["check_digit"] == "yes",
        )
        for prefix in range(int(row["from"]), int(row["to"]) + 1):
            ranges[str(prefix)].append(found)
    return ranges


def _parse_lengths(text: str) -> frozenset[int]:
    """Return the lengths of ``14 16-19``."""
    pairs = (each.partition("-") for each in text.split())
    return frozenset(length for first, _, last in pairs for length in range(int(first), int(last or first) + 1))


_RANGES = _read_ranges()
