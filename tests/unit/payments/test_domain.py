"""Card rules, and that a full card can leave memory by no side door (C18)."""

import copy
import json
import pickle
from datetime import UTC, datetime

import pytest

from services.payments.domain import Brand, CardDetails, detect_brand
from services.payments.errors import InvalidCardError
from services.payments.store.cards import CardDocument
from shared.card_numbers import is_luhn_valid, is_well_formed
from shared.mongo import build_data_map
from tests.support.card_vectors import CARDS, CardVector

AT = datetime(2026, 11, 22, tzinfo=UTC)


def details(**changed: object) -> CardDetails:
    typed = {"number": "4242 4242 4242 4242", "exp_month": 12, "exp_year": 2029, "security_code": "737", **changed}
    return CardDetails.parse(typed)


def is_valid(**changed: object) -> bool:
    try:
        details(**changed).require_valid(at=AT)
    except InvalidCardError:
        return False
    return True


HISTORIC = "4222222222222"
"""13 digits: no network issues such a card any more, so the processor decides."""


@pytest.mark.parametrize("card", CARDS, ids=lambda card: f"{card.kind} {len(card.number)}")
def test_each_card_of_the_vectors_is_taken_under_its_network_or_goes_to_the_processor(card: CardVector) -> None:
    brand = detect_brand(card.number)
    code = "1234" if brand is Brand.AMEX else "123"
    assert is_valid(number=card.number, security_code=code) is is_well_formed(card.number)
    if card.number == HISTORIC or not card.networks:
        assert brand is Brand.UNKNOWN
    else:
        assert brand.value in card.networks


@pytest.mark.parametrize("number", ["", "\uff14\uff12" * 8, "4242 4242 4242 4242", "4242424242424242\n"])
def test_what_is_not_plain_digits_has_no_network(number: str) -> None:
    assert detect_brand(number) is Brand.UNKNOWN


def test_the_check_digit_is_checked() -> None:
    assert is_luhn_valid("4242424242424242")
    assert not is_luhn_valid("4242424242424241")


def test_a_usable_card_may_be_typed_with_spaces_and_dashes() -> None:
    assert is_valid(number="4242-4242 4242-4242")


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
    assert not is_valid(**changed)


def test_a_card_can_be_used_in_the_month_of_its_expiry() -> None:
    assert is_valid(exp_year=2026, exp_month=11)


def test_b4_18_a_full_card_does_not_print_copy_or_serialise() -> None:
    card = details()
    for secret in (card, card.number, card.security_code):
        shown = f"{secret!r} {secret} {secret!s:>20} {[secret]} {json.dumps([secret], default=str)}"
        assert "4242" not in shown
        assert "737" not in shown
        for leak in (json.dumps, pickle.dumps, copy.copy, copy.deepcopy, vars):
            with pytest.raises(TypeError):
                leak(secret)
    assert (card.number.reveal_text(), card.security_code.reveal_text()) == ("4242424242424242", "737")


def test_the_data_map_says_that_an_unused_card_goes() -> None:
    [cards] = build_data_map([CardDocument])
    kept = {field["field"]: field["retention"] for field in cards["fields"]}
    assert kept["last4"] == kept["exp_year"] == kept["processor_ref"] == "until erased or no longer used"
