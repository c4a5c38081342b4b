"""Spellings of an address."""

import pytest

from services.newsletter.domain.subscriptions.addresses import (
    AddressPolicy,
    extract_address,
    fold_address,
    loosen_address,
    mask_address,
)
from services.newsletter.domain.subscriptions.consent import OPT_IN_LIMIT
from services.newsletter.errors import OwnAddressError
from services.newsletter.settings import MAX_OPT_IN_TTL

BOB = "bob@customers.example"


@pytest.mark.parametrize(
    "pasted",
    [
        BOB,
        f"  {BOB}\n",
        f"Bob <{BOB}>",
        f'"Jones, Bob" <{BOB}>',
        f"<{BOB}>",
        f"mailto:{BOB}",
        f"MAILTO:{BOB}?subject=off",
        f" mailto: {BOB} ",
    ],
)
def test_what_a_person_pastes_is_read(pasted: str) -> None:
    assert extract_address(pasted) == BOB


@pytest.mark.parametrize("pasted", ["", "bob", "<>", "a@b, c@d", "Bob <bob@x", "a <b@c> d@e"])
def test_what_is_no_single_address_is_left_to_the_validation(pasted: str) -> None:
    assert extract_address(pasted) == pasted.strip()


@pytest.mark.parametrize("other", ["BOB@CUSTOMERS.EXAMPLE", "Bob@Customers.Example"])
def test_n16_letter_case_folds(other: str) -> None:
    assert fold_address(other) == fold_address(BOB)


@pytest.mark.parametrize(
    ("one", "other"),
    [("bob+news@x.example", "bob@x.example"), ("b.ob@x.example", "bob@x.example"), ("bob@x.example", "bob@y.example")],
)
def test_n16_tags_dots_and_domains_never_fold(one: str, other: str) -> None:
    assert fold_address(one) != fold_address(other)


def test_n16_composed_and_decomposed_letters_fold() -> None:
    assert fold_address("Zo\u00eb@x.example") == fold_address("ZOE\u0308@x.example")


def test_addresses_that_look_alike_are_found_for_a_hint() -> None:
    assert {loosen_address(f"{local}@x.example") for local in ("b.o.b", "Bob+news", "bob")} == {"bob@x.example"}
    assert loosen_address("+@x.example") == "+@x.example"


@pytest.mark.parametrize(
    ("email", "masked"),
    [
        (BOB, "b…@c….example"),
        ("b@c.example", "b…@c….example"),
        ("bob@localhost", "b…@l…"),
        ("zoë@mail.bücher.example", "z…@m….example"),
    ],
)
def test_a_masked_address_is_recognized_by_its_owner_alone(email: str, masked: str) -> None:
    assert mask_address(email) == masked


@pytest.mark.parametrize(
    ("email", "domain"),
    [("leave+x@in.candor.example", "in.candor.example"), ("No-Reply@candor.example", "candor.example")],
)
def test_an_address_of_the_platform_is_rejected(email: str, domain: str) -> None:
    policy = AddressPolicy(inbound_domain="in.candor.example", sender="no-reply@candor.example")
    with pytest.raises(OwnAddressError):
        policy.reject_own_address(email, domain)
    policy.reject_own_address("support@candor.example", "candor.example")


def test_the_setting_allows_no_link_that_the_evidence_calls_too_old() -> None:
    assert MAX_OPT_IN_TTL == OPT_IN_LIMIT
