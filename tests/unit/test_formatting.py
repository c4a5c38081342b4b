"""Dates and money as people read them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.formatting import MINOR_UNITS, format_date, format_datetime, format_money


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (3_999, "USD", "39.99 USD"),
        (123_456_789, "EUR", "1,234,567.89 EUR"),
        (-500, "CHF", "-5.00 CHF"),
        (3_999, "JPY", "3,999 JPY"),
        (1_234_567, "KWD", "1,234.567 KWD"),
        (0, "GBP", "0.00 GBP"),
        (9_007_199_254_740_993, "USD", "90,071,992,547,409.93 USD"),
    ],
)
def test_money_has_the_decimals_of_its_currency(amount: int, currency: str, text: str) -> None:
    assert format_money(amount, currency) == text


def test_minor_units_are_those_of_iso_where_babel_has_others() -> None:
    assert (MINOR_UNITS["AFN"], MINOR_UNITS["ALL"], MINOR_UNITS["IQD"]) == (2, 2, 3)
    assert len(MINOR_UNITS) > 150


def test_times_are_told_in_utc() -> None:
    at = datetime(2026, 11, 24, 23, 5, tzinfo=timezone(timedelta(hours=-2)))
    assert format_datetime(at) == "25 November 2026, 01:05 UTC"
    assert format_date(at) == "25 November 2026"
    assert format_date(datetime(2026, 3, 1, tzinfo=UTC)) == "1 March 2026"
