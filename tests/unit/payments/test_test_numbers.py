"""The test numbers that networks and processors publish: refused in live mode, and found in every text."""

from services.payments.ports.test_numbers import TEST_NUMBERS
from shared.card_numbers import contains_card_number
from tests.support.card_vectors import CARDS

PUBLISHED = [card.number for card in CARDS if card.is_found and "made here" not in card.kind]


def test_every_published_number_of_the_vectors_is_a_test_number() -> None:
    assert len(PUBLISHED) > 40
    assert set(PUBLISHED) - TEST_NUMBERS == set()


def test_C18_every_test_number_is_found_in_a_text() -> None:
    assert [number for number in sorted(TEST_NUMBERS) if not contains_card_number(f"my card is {number}.")] == []
