"""Amounts of money, and the two units of a currency: those of ISO 4217 and those of the processor."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Self

MAX_PROCESSOR_AMOUNT = 99_999_999
"""The processor takes at most eight digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount in minor units of an ISO 4217 currency."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyUnits:
    """The digits of a currency in ISO 4217 and at the processor, which differ for ISK, UGX and MGA."""

    iso_digits: int
    processor_digits: int
    processor_step: int
    """What an amount at the processor is a multiple of."""

    @classmethod
    def parse(cls, row: Mapping[str, str]) -> Self | None:
        """Return a row of the table; None for a currency that the processor does not take."""
        if not row["processor_digits"]:
            return None
        return cls(
            iso_digits=int(row["iso_digits"]),
            processor_digits=int(row["processor_digits"]),
            processor_step=int(row["processor_step"]),
        )

    def to_processor(self, amount: int) -> int | None:
        """Return *amount* (ISO minor units) in the units of the processor; None when it cannot be expressed."""
        scaled, rest = _rescale(amount, self.processor_digits - self.iso_digits)
        return scaled if rest == 0 and scaled % self.processor_step == 0 else None

    def from_processor(self, amount: int) -> int | None:
        """Return the processor's *amount* in ISO minor units; None when it has a fraction of them."""
        scaled, rest = _rescale(amount, self.iso_digits - self.processor_digits)
        return scaled if rest == 0 else None


def _rescale(amount: int, digits: int) -> tuple[int, int]:
    return (amount * 10**digits, 0) if digits >= 0 else divmod(amount, 10**-digits)


def _read_units() -> dict[str, CurrencyUnits]:
    text = files("services.payments.domain").joinpath("currencies.csv").read_text(encoding="utf-8")
    rows = ((row["code"], CurrencyUnits.parse(row)) for row in csv.DictReader(text.splitlines()))
    return {code: units for code, units in rows if units is not None}


CURRENCY_UNITS: Mapping[str, CurrencyUnits] = _read_units()
"""The currencies that are charged.

ISO digits are those of the list published on 2026-01-01; the digits of the processor are those of Stripe's page
"Supported currencies" (2026). No library is asked: babel and Intl give the digits of displayed prices.
"""


def to_processor_amount(price: Money) -> int | None:
    """Return *price* as the processor wants it; None when the processor cannot take it."""
    units = CURRENCY_UNITS.get(price.currency)
    amount = units.to_processor(price.amount) if units else None
    return amount if amount is not None and 0 < amount <= MAX_PROCESSOR_AMOUNT else None


def from_processor_amount(amount: int, currency: str) -> Money | None:
    """Return the processor's figure as money; None when it is no amount of that currency."""
    units = CURRENCY_UNITS.get(currency.upper())
    minor = units.from_processor(amount) if units else None
    return None if minor is None else Money(amount=minor, currency=currency.upper())
