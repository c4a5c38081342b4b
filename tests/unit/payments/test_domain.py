"""Card rules, and that a full card can leave memory by no side door (C18)."""

import copy
import json
import pickle
from datetime import UTC, datetime

import pytest

from services.payments.domain import Brand, CardDetails, detect_brand
from shared.card_numbers import is_luhn_valid

AT = datetime(2026, 11, 22, tzinfo=UTC)


def details(**changed: object) -> CardDetails:
    typed = {"number": "4242 4242 4242 4242", "exp_month": 12, "exp_year": 2029, "security_code": "737", **changed}
    return CardDetails.parse(typed)


@pytest.mark.parametrize(
    ("number", "brand"),
    [
        ("4242424242424242", Brand.VISA),
        ("5555555555554444", Brand.MASTERCARD),
        ("2223003122003222", Brand.MASTERCARD),
        ("378282246310005", Brand.AMEX),
        ("6011111111111117", Brand.DISCOVER),
        ("0000000000000000", Brand.UNKNOWN),
        ("", Brand.UNKNOWN),
        ("4242424242424242".translate({0x34: 0xFF14, 0x32: 0xFF12}), Brand.UNKNOWN),  # full-width digits
    ],
)
def test_a_number_names_its_network(number: str, brand: Brand) -> None:
    assert detect_brand(number) is brand


def test_the_check_digit_is_checked() -> None:
    assert is_luhn_valid("4242424242424242")
    assert not is_luhn_valid("4242424242424241")


def test_a_usable_card_may_be_typed_with_spaces_and_dashes() -> None:
    assert details(number="4242-4242 4242-4242").is_valid(AT)


@pytest.mark.parametrize(
    "changed",
    [
        {"number": "4242424242424241"},
        {"exp_month": 0},
        {"exp_month": 13},
        {"exp_year": 2026, "exp_month": 10},
        {"exp_year": 2099},
        {"security_code": "12"},
        {"security_code": "1234"},
        {"security_code": "१२३"},
        {"number": "378282246310005", "security_code": "123"},
    ],
)
def test_an_unusable_card_is_refused(changed: dict[str, object]) -> None:
    assert not details(**changed).is_valid(AT)


def test_a_card_can_be_used_in_the_month_of_its_expiry() -> None:
    assert details(exp_year=2026, exp_month=11).is_valid(AT)


def test_C18_a_full_card_does_not_print_copy_or_serialise() -> None:
    card = details()
    assert "4242" not in f"{card!r} {card} {[card]}"
    for leak in (json.dumps, pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            leak(card)
