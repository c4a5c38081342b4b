"""Dates and money as people read them (Babel), and the minor units of currencies (ISO 4217)."""

import csv
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files

from babel import dates, numbers

LOCALE = "en"


def _read_minor_units() -> dict[str, int]:
    text = files("shared").joinpath("currencies.csv").read_text(encoding="utf-8")
    return {row["code"]: int(row["minor_units"]) for row in csv.DictReader(text.splitlines())}


MINOR_UNITS: Mapping[str, int] = _read_minor_units()
"""Decimals of an amount by currency: 3999 is 39.99 in USD and 3999 in JPY.

From the ISO 4217 list that was published on 2026-01-01 (package iso4217 1.16.20260101). Babel has digits of its own
from CLDR, which say how prices are displayed: they differ for 15 of the 165 currencies, so no amount is scaled by them.
"""


def format_money(amount: int, currency: str, *, locale: str = LOCALE) -> str:
    """Return *amount*, in minor units of *currency*, with its code: ``39.99 USD``, ``3,999 JPY``.

    KeyError for a currency that ISO 4217 does not list.
    """
    digits = MINOR_UNITS[currency]
    pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
    return f"{numbers.format_decimal(Decimal(amount).scaleb(-digits), format=pattern, locale=locale)} {currency}"


def format_date(at: datetime, *, locale: str = LOCALE) -> str:
    """Return the day in UTC: ``24 November 2026``."""
    return dates.format_date(at.astimezone(UTC), "d MMMM y", locale=locale)


def format_datetime(at: datetime, *, locale: str = LOCALE) -> str:
    """Return the time in UTC, to the minute: ``24 November 2026, 14:05 UTC``."""
    return f"{dates.format_datetime(at.astimezone(UTC), 'd MMMM y, HH:mm', locale=locale)} UTC"
