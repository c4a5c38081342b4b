"""Positions in lists that are sorted newest first."""

from datetime import timedelta

from shared.mongo import decode_position, encode_position, filter_after
from tests.support import NOON


def test_a_position_survives_its_text() -> None:
    at = NOON + timedelta(milliseconds=7)
    assert decode_position(encode_position(at, "led_1 x")) == (at, "led_1 x")


def test_the_first_page_has_no_filter() -> None:
    assert filter_after("at", None) == {}


def test_rows_of_one_instant_are_told_apart_by_their_id() -> None:
    assert filter_after("at", encode_position(NOON, "b")) == {
        "$or": [{"at": {"$lt": NOON}}, {"at": NOON, "_id": {"$lt": "b"}}]
    }
