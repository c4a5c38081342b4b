"""What cards, charges and refunds are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self


class CardDetails:
    """A full card, in memory for one call: nothing prints, copies to JSON or pickles it (C18)."""

    __slots__ = ("exp_month", "exp_year", "number", "security_code")

    def __init__(self, *, number: str, exp_month: int, exp_year: int, security_code: str) -> None:
        self.number = number
        self.exp_month = exp_month
        self.exp_year = exp_year
        self.security_code = security_code

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> Self:
        """Read what the page encrypted; spaces and dashes in the number are as people type them."""
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
        raise TypeError("a card cannot be pickled")

    def is_valid(self, at: datetime) -> bool:
        """Tell whether these can be the details of a card that has not expired *at* that time."""
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
    """The card networks, by the first digits and the length of a number."""

    VISA = "visa"
    MASTERCARD = "mastercard"
    AMEX = "amex"
    DISCOVER = "discover"
    UNKNOWN = "unknown"


def detect_brand(number: str) -> Brand:
    """Return the network of *number*, or UNKNOWN (ISO/IEC 7812 ranges)."""
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


def is_luhn_valid(number: str) -> bool:
    """Tell whether the check digit of *number* is right (ISO/IEC 7812-1, annex B)."""
    doubled = (int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(number)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """All that is kept of a card: for billing questions, refunds and credits (C18)."""

    card_id: str
    account_id: str
    last4: str
    exp_month: int
    exp_year: int
    brand: Brand
    processor_ref: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount in minor units of an ISO 4217 currency."""

    amount: int
    currency: str


MINOR_UNITS = {"USD": 2, "EUR": 2, "GBP": 2, "JPY": 0, "CAD": 2, "AUD": 2, "CHF": 2}
"""How many decimals an amount of a currency has (ISO 4217): 3999 of USD are 39.99, 3999 of JPY are 3999."""


class ChargeState(StrEnum):
    """Where a charge stands; *pending* means that the outcome is not known yet."""

    PENDING = "pending"
    CAPTURED = "captured"
    DECLINED = "declined"


class RefundState(StrEnum):
    """Where a refund stands; *pending* means that the outcome is not known yet."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Money taken from a card, and how much of it went back or is on its way back."""

    charge_id: str
    account_id: str
    card_id: str
    price: Money
    description: str
    state: ChargeState
    amount_refunded: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CardCharge:
    """A charge and the processor's reference of its card, which is stored only while the charge is pending."""

    charge: Charge
    processor_ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Money given back out of a charge."""

    refund_id: str
    charge_id: str
    account_id: str
    price: Money
    state: RefundState
    created_at: datetime


IDEMPOTENCY_TTL = timedelta(hours=24)
"""How long an Idempotency-Key means the same request (shared.web.idempotency)."""


def idempotency_marks(idempotency_key: str, at: datetime) -> tuple[str, str]:
    """Return the unique marks of what *operation* makes *at* that day, and of what it made the day before.

    A key that is used again after its life means a new request. It then gets a new mark instead of a change of the
    old one: a changed unique value stays taken on one of our servers.
    """
    return f"{idempotency_key} {at:%Y-%m-%d}", f"{idempotency_key} {at - IDEMPOTENCY_TTL:%Y-%m-%d}"


def encode_position(at: datetime, row_id: str) -> str:
    """Return where a row stands in a list that is sorted newest first."""
    return f"{at.isoformat()} {row_id}"


def decode_position(position: str) -> tuple[datetime, str]:
    """Return the time and the id in a *position*."""
    at, _, row_id = position.partition(" ")
    return datetime.fromisoformat(at), row_id
