"""C18: a card number is seen in any spelling; ordinary values are not mistaken for one."""

import base64
import random
import re
import secrets
import uuid
from string import ascii_letters, digits

import pytest

from shared.card_numbers import contains_card_number, find_card_range, is_card_number, is_well_formed
from shared.ids import BASE32_ALPHABET, new_id, new_token
from tests.support.card_vectors import CARDS, SPELLINGS, CardVector, spelled

NUMBER = "4242424242424242"
FOUND = [card.number for card in CARDS if card.is_found]
HISTORIC = "4222222222222"


def by_number(card: CardVector) -> str:
    return f"{card.number[:2]}…{card.number[-2:]} {card.kind}"


def test_the_vectors_are_all_here() -> None:
    assert (len(CARDS), len(FOUND)) == (69, 64)


@pytest.mark.parametrize("card", CARDS, ids=by_number)
def test_C18_a_number_of_the_vectors_is_found_where_it_is_a_card(card: CardVector) -> None:
    assert contains_card_number(card.number) is card.is_found
    assert is_card_number(card.number) is card.is_found


@pytest.mark.parametrize("card", CARDS, ids=by_number)
def test_a_number_of_the_vectors_is_in_the_range_of_its_network(card: CardVector) -> None:
    found = find_card_range(card.number)
    if card.number == HISTORIC:  # found as a card, but no network issues it any more
        assert found is not None
        assert found.network == "unknown"
    elif card.networks:
        assert found is not None
        assert found.network in card.networks
    else:
        assert found is None or found.network == "unknown"


@pytest.mark.parametrize("card", CARDS, ids=by_number)
def test_a_card_outside_of_the_ranges_is_well_formed_by_length_and_check_digit(card: CardVector) -> None:
    no_card = set(card.number) == {"0"}
    assert is_well_formed(card.number) is ((card.is_luhn_valid or "unionpay" in card.networks) and not no_card)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_C18_every_card_of_the_vectors_is_found_in_every_spelling(spelling: str) -> None:
    texts = [text for number in FOUND if (text := spelled(spelling, number)) is not None]
    assert [text for text in texts if not contains_card_number(text)] == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-16", "utf-32"])
def test_C18_every_card_of_the_vectors_is_found_in_bytes(encoding: str) -> None:
    assert [number for number in FOUND if not contains_card_number(f"a card {number}.".encode(encoding))] == []


def test_C18_a_card_that_is_written_backwards_is_found() -> None:
    backwards = [number[::-1] for number in FOUND if len(number) >= 16 and number[-1] != "1"]
    assert [number for number in backwards if not contains_card_number(number)] == []


@pytest.mark.parametrize(
    "value",
    [
        int(NUMBER),
        float(NUMBER),
        4000000000000000006,
        f'{{"number": "{NUMBER}"}}',
        {"a": [{"b": f"card {NUMBER}."}]},
        NUMBER.encode(),
        {NUMBER: 1},
        "\u32b7" * 8,  # the circled number 42, one character
        [1, (2, [NUMBER])],
        f"/path/to/{base64.b64encode(NUMBER.encode()).decode()}",
    ],
)
def test_C18_a_card_number_is_found_inside_of_values(value: object) -> None:
    assert contains_card_number(value)


@pytest.mark.parametrize(
    "value",
    [
        "4242424242424241",
        1763812345678,
        1763812345678901234,
        567812345678,
        "2026-11-22T12:00:00.000Z",
        "0" * 16,
        None,
        4.5,
        True,
        float("inf"),
        10**400,
        b"",
        "+49 30 1234567",
        "+49 1512 3456789",
        "2027-01-04 12:00:00.000",
        "on 2026-11-30 12:00:00.123456 and 2026-11-30 13:00",
        "30.11.2026 12:00-13:00",
        "4111 1111 1111 1112",
        "550e8400-e29b-41d4-a716-446655440000",
        "1.2.840.113549.1.1.11",
        "45.155.205.233:65535",
        "490154203237518",
        "49-015420-323751-8",
        "978-3-16-148410-0",
        "Prices: 10, 20, 30, 45, 49, 50, 60, 70 euros",
        "Orders 4500, 5200, 6100, 4800 and 5300",
        "x4242424242424241y",
    ],
)
def test_C18_other_values_are_not_card_numbers(value: object) -> None:
    assert not contains_card_number(value)


def imei(body: str) -> str:
    """Return an IMEI: 14 digits and their check digit."""
    return next(f"{body}{last}" for last in "0123456789" if is_luhn(f"{body}{last}"))


def is_luhn(digits: str) -> bool:
    parts = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(part // 10 + part % 10 for part in parts) % 10 == 0


@pytest.mark.parametrize("body", ["01", "35", "44", "45", "49", "50", "52", "86", "91", "98", "99"])
def test_an_imei_passes(body: str) -> None:
    found = [
        number for _ in range(300) if contains_card_number(number := imei(f"{body}{secrets.randbelow(10**12):012}"))
    ]
    assert found == []


def test_C18_random_ids_tokens_and_sealed_bytes_are_not_card_numbers() -> None:
    values = [
        [
            *(new_id("acc"), new_token(), secrets.token_bytes(256), secrets.token_hex(32), str(uuid.uuid4())),
            *(secrets.token_urlsafe(500), secrets.token_hex(16).upper()),
        ]
        for _ in range(1_000)
    ]
    assert [value for value in values if contains_card_number(value)] == []


IDS = {"ours": (BASE32_ALPHABET, 26, "tok_"), "Stripe's": (f"{ascii_letters}{digits}", 24, "pm_")}


@pytest.mark.parametrize("whose", IDS)
def test_C18_a_million_random_ids_are_not_card_numbers(whose: str) -> None:
    """A probe looks at some 100,000 ids at a time: one false alarm in a million ids would be one a day.

    Only ids with a long run of digits are worth the time; some are drawn to have one, and some are checked as they are.
    """
    alphabet, length, prefix = IDS[whose]
    chance = random.Random(18)
    drawn = chance.randbytes(1_000_000 * length).translate(bytes(ord(alphabet[n % len(alphabet)]) for n in range(256)))
    text, letters = drawn.decode(), [char for char in alphabet if char.islower()]
    ids = [text[at : at + length] for at in range(0, 2_000 * length, length)]
    for found in re.finditer("[0-9]{12,}", text):
        start = found.start() // length * length
        ids.append(text[start : start + length])
    for _ in range(4_000):
        run = chance.choices(digits, k=chance.randint(12, 14))
        rest = chance.choices(letters, k=length - len(run))
        place = chance.randint(0, len(rest))
        ids.append("".join([*rest[:place], *run, *rest[place:]]))
    assert [each for each in ids if contains_card_number([f"{prefix}{each}", f"{prefix}{each}/{prefix}x"])] == []


@pytest.mark.parametrize("number", [number for number in FOUND if len(number) >= 15])
def test_C18_a_number_that_is_planted_in_an_id_is_found(number: str) -> None:
    """As long as nearly all cards are; one of 12 to 14 digits among the letters of an id cannot be told from chance."""
    letters = "abcdefghjkmnpqrstvwxyz"
    for place in range(26 - len(number)):
        planted = f"{letters[:place]}{number}{letters[: 26 - len(number) - place]}"
        assert contains_card_number(f"tok_{planted}"), planted
        assert contains_card_number(f"pm_{planted}/cus_{letters}"), planted


@pytest.mark.parametrize("text", [f"tok_{NUMBER}", f"pm_{NUMBER}", f"id {NUMBER[:14]}0 x"])
def test_C18_a_number_after_a_prefix_alone_is_no_id(text: str) -> None:
    assert contains_card_number(text) is (NUMBER in text)


def test_a_long_text_is_checked_quickly() -> None:
    """The rule that the time of the check grows with the text, not with its square."""
    text = "Am 30.11. um 12:00 kamen 1 234 Gäste, 17 % mehr als 2025. " * 1_700
    assert not contains_card_number(text)
    assert not contains_card_number("1 2 3 4 5 6 7 8 9 10 " * 5_000 + secrets.token_urlsafe(20_000))
