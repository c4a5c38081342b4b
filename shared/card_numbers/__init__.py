"""Card numbers (primary account numbers, ISO/IEC 7812-1): check digit, ranges of the networks, and finding them."""

from shared.card_numbers.finder import contains_card_number
from shared.card_numbers.ranges import (
    MAX_CARD_DIGITS,
    MIN_CARD_DIGITS,
    UNKNOWN_NETWORK,
    CardRange,
    find_card_range,
    is_card_number,
    is_luhn_valid,
    is_well_formed,
)

__all__ = [
    "MAX_CARD_DIGITS",
    "MIN_CARD_DIGITS",
    "UNKNOWN_NETWORK",
    "CardRange",
    "contains_card_number",
    "find_card_range",
    "is_card_number",
    "is_luhn_valid",
    "is_well_formed",
]
