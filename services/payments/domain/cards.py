"""Card details, card networks, stored cards."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from shared.card_numbers import is_luhn_valid


class CardDetails:
    """Full card details, in memory for one request; they cannot be printed, serialized or pickled (C18)."""

    __slots__ = ("exp_month", "exp_year", "number", "security_code")

    def __init__(self, *, number: str, exp_month: int, exp_year: int, security_code: str) -> None:
        self.number = number
        self.exp_month = exp_month
        self.exp_year = exp_year
        self.security_code = security_code

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> Self:
        """Parse the fields that the page encrypted; spaces and dashes in the number are removed."""
        number = str(fields["number"]).replace(" ", "").replace("-", "")
        return cls(
            number=number,
            exp_month=int(fields["exp_month"]),
            exp_year=int(fields["exp_year"]),
            security_code=str(fields["security_code"]),
        )

    def __repr__(self) -> str:
        return "CardDetails(***)"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("card details cannot be pickled")

    def is_valid(self, at: datetime) -> bool:
        """Return whether the details are plausible and the card has not expired *at* that time."""
        brand = detect_brand(self.number)
        return (
            brand is not Brand.UNKNOWN
            and is_luhn_valid(self.number)
            and 1 <= self.exp_month <= 12
            and (at.year, at.month) <= (self.exp_year, self.exp_month) <= (at.year + 25, 12)
            and self.security_code.isascii()
            and self.security_code.isdigit()
            and len(self.security_code) == (4 if brand is Brand.AMEX else 3)
        )


class Brand(StrEnum):
    """Card networks, recognized by the first digits and the length of a number."""

    VISA = "visa"
    MASTERCARD = "mastercard"
    AMEX = "amex"
    DISCOVER = "discover"
    UNKNOWN = "unknown"


def detect_brand(number: str) -> Brand:
    """Return the network of *number* (ranges of ISO/IEC 7812), or UNKNOWN."""
    if not (number.isascii() and number.isdigit()):
        return Brand.UNKNOWN
    if number[0] == "4" and len(number) in {13, 16, 19}:
        return Brand.VISA
    if len(number) == 16 and (51 <= int(number[:2]) <= 55 or 2221 <= int(number[:4]) <= 2720):
        return Brand.MASTERCARD
    if len(number) == 15 and number[:2] in {"34", "37"}:
        return Brand.AMEX
    if len(number) == 16 and (number.startswith("6011") or number[:2] == "65" or 644 <= int(number[:3]) <= 649):
        return Brand.DISCOVER
    return Brand.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A stored card: enough for billing questions, refunds and credits, and no more (C18)."""

    card_id: str
    account_id: str
    last4: str
    exp_month: int
    exp_year: int
    brand: Brand
    processor_ref: str
    created_at: datetime
