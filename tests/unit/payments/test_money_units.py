"""Two units of a currency: ISO's digits and the processor's; every currency of the table, and no library's guess."""

import csv
from pathlib import Path

import pytest

from services.payments.domain import (
    CURRENCY_UNITS,
    Money,
    from_processor_amount,
    to_processor_amount,
)
from shared.formatting import MINOR_UNITS

TABLE = Path(__file__).parents[2] / "data/payments/currencies.csv"
ROWS = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
UNKNOWN_TO_STRIPE = {row["code"] for row in ROWS if not row["stripe_api_decimals"] and row["iso_minor_units"] != "2"}


def stripe_digits(row: dict[str, str]) -> int:
    """Two decimals where Stripe's page names none (its rule)."""
    return int(row["stripe_api_decimals"] or 2)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["code"])
def test_one_unit_of_each_currency_is_one_unit_at_the_processor(row: dict[str, str]) -> None:
    one = Money(amount=10 ** int(row["iso_minor_units"]), currency=row["code"])
    assert MINOR_UNITS[row["code"]] == int(row["iso_minor_units"])
    if row["code"] in UNKNOWN_TO_STRIPE:
        assert to_processor_amount(one) is None
        return
    sent = to_processor_amount(one) or 0
    assert sent == 10 ** stripe_digits(row)
    assert from_processor_amount(sent, row["code"].lower()) == one


@pytest.mark.parametrize(
    ("amount", "currency", "sent"),
    [
        (3999, "USD", 3999),
        (500, "JPY", 500),
        (500, "ISK", 50_000),
        (500, "UGX", 50_000),
        (500, "MGA", 5),
        (550, "MGA", None),
        (1230, "BHD", 1230),
        (1234, "BHD", None),
        (1005, "KWD", None),
        (1, "HUF", 1),
        (0, "USD", None),
        (-1, "USD", None),
        (99_999_999, "USD", 99_999_999),
        (100_000_000, "USD", None),
        (1_000_000, "ISK", None),
        (100, "CLF", None),
        (100, "XXX", None),
        (100, "usd", None),
    ],
)
def test_an_amount_is_sent_in_the_units_of_the_processor_or_not_at_all(
    amount: int, currency: str, sent: int | None
) -> None:
    assert to_processor_amount(Money(amount=amount, currency=currency)) == sent


@pytest.mark.parametrize(("amount", "currency"), [(50_050, "isk"), (99, "ugx"), (100, "xxx"), (100, "clf")])
def test_a_figure_of_the_processor_that_is_no_amount_is_none(amount: int, currency: str) -> None:
    assert from_processor_amount(amount, currency) is None


def test_the_table_has_every_currency_of_the_vectors_that_the_processor_takes() -> None:
    assert set(CURRENCY_UNITS) == {row["code"] for row in ROWS} - UNKNOWN_TO_STRIPE
    assert {"IQD", "LYD", "CLF", "UYI", "UYW"} == UNKNOWN_TO_STRIPE
