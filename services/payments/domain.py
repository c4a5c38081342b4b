"""Cards, charges and refunds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount in minor units of an ISO 4217 currency."""

    amount: int
    currency: str


CURRENCIES = ("USD", "EUR", "GBP", "JPY", "CAD", "AUD", "CHF")
"""The currencies (ISO 4217) that are charged."""


class ChargeState(StrEnum):
    """The state of a charge; *pending* while the processor has not answered."""

    PENDING = "pending"
    CAPTURED = "captured"
    DECLINED = "declined"


class RefundState(StrEnum):
    """The state of a refund; *pending* while the processor has not answered."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A charge of a card; *amount_refunded* includes pending refunds."""

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
    """A refund of a charge, in full or in part."""

    refund_id: str
    charge_id: str
    account_id: str
    price: Money
    state: RefundState
    created_at: datetime


IDEMPOTENCY_TTL = timedelta(hours=24)
"""How long an Idempotency-Key names the same request (as in shared.web.idempotency)."""


def idempotency_marks(idempotency_key: str, at: datetime) -> tuple[str, str]:
    """Return the unique marks of a payment that *idempotency_key* creates on the day *at* and created the day before.

    A key that is used again after IDEMPOTENCY_TTL names a new request. It gets a new mark instead of replacing the
    old one, because the embedded server does not release a unique value that was updated.
    """
    return f"{idempotency_key} {at:%Y-%m-%d}", f"{idempotency_key} {at - IDEMPOTENCY_TTL:%Y-%m-%d}"
