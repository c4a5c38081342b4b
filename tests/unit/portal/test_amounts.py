"""Amounts that people type: read as they were meant, or refused."""

import pytest

from services.portal.api.payments import parse_amount
from shared.errors import InvalidInputError


@pytest.mark.parametrize(
    ("typed", "minor_units", "amount"),
    [("12.50", 2, 1250), ("12,5", 2, 1250), (" 12 ", 2, 1200), ("0.01", 2, 1), ("500", 0, 500), ("1.230", 3, 1230)],
)
def test_an_amount_is_read_in_the_units_of_its_currency(typed: str, minor_units: int, amount: int) -> None:
    assert parse_amount(typed, minor_units) == amount


@pytest.mark.parametrize(
    ("typed", "minor_units"),
    [
        *[("1,000", 2), ("1.000", 2), ("1,000.50", 2), ("1,000", 0), ("12.0", 0), ("1.0000", 3)],
        *[("1e3", 2), ("1_000", 2), ("\u0661\u0662", 2), ("-5", 2), ("+5", 2), ("0", 2), ("0.00", 2), ("", 2)],
        *[("NaN", 2), ("Infinity", 2), ("12.", 2), (".5", 2), ("9" * 13, 2)],
    ],
)
def test_an_amount_that_could_mean_another_is_refused(typed: str, minor_units: int) -> None:
    with pytest.raises(InvalidInputError):
        parse_amount(typed, minor_units)


@pytest.mark.parametrize(("minor_units", "example"), [(0, "12."), (2, "12.50."), (3, "12.500.")])
def test_the_example_has_the_decimals_of_the_currency(minor_units: int, example: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_amount("x", minor_units)
    assert refused.value.fields[0].message == f"Enter an amount such as {example}"
