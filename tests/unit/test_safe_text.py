"""Text that is kept readable looks like what it is, and has no card number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.safe_text import UnsafeTextError, check_line, check_text
from tests.support.card_vectors import CARDS, SPELLINGS, spelled

FOUND = [card.number for card in CARDS if card.is_found]


def reason(text: str) -> str:
    """Return why *text* is refused, as text of many lines; empty when it is accepted."""
    try:
        kept = check_text(text)
    except UnsafeTextError as fault:
        return fault.code.removeprefix("text_contains_")
    return "" if kept == text else "changed"


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_C18_no_card_of_the_vectors_is_kept_in_any_spelling(spelling: str) -> None:
    texts = [text for number in FOUND if (text := spelled(spelling, number)) is not None]
    assert {reason(text) for text in texts} <= {"card_number", "invisible_character"}


def test_an_imei_and_what_is_no_card_are_kept() -> None:
    assert [card.number for card in CARDS if not card.is_found and reason(card.number)] == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Ada's phone",
        "two\nlines\tand\r\na tab",
        "Grüße, naïve café",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian: non-joiner inside a word
        "\u0936\u094d\u0930\u0940 \u0915\u094d\u200d\u0937",  # Devanagari: joiner after a virama
        "\u0dc1\u0dca\u200d\u0dbb\u0dd3",  # Sinhala
        "שלום עברית",
        "العربية ١٢٣",
        "한국어 日本語 中文",
        "👩‍👩‍👧‍👦 👩🏽‍🚀 ❤️‍🔥 🏳️‍🌈 👁️‍🗨️ 🐦‍⬛ 👨‍⚕️ 🙂‍↔️",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿 🏴󠁧󠁢󠁳󠁣󠁴󠁿 1️⃣",
        "case 26-2-01234-5 of 2026-11-30",
        "IBAN DE89 3704 0044 0532 0130 00",
    ],
)
def test_ordinary_text_of_many_scripts_is_kept(text: str) -> None:
    assert reason(text) == ""


@pytest.mark.parametrize(
    ("char", "why"),
    [
        *(
            (char, "direction_control")
            for char in "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        ),
        *(
            (char, "invisible_character")
            for char in "\u200b\u2060\ufeff\u00ad\u180e\u2061\u3164\uffa0\u115f\u034f\u2800"
        ),
        *((char, "invisible_character") for char in "\u200c\u200d\U000e0041\U000e0001\ufff9"),
        *((char, "control_character") for char in "\x00\x07\x1b\x7f\x85\x9b\ufffe\ud800"),
    ],
)
def test_a_character_that_deceives_is_refused(char: str, why: str) -> None:
    assert reason(f"ab{char}cd") == why


@pytest.mark.parametrize(
    "text",
    ["می‌ a", "a‌b", "क‌", "👩‍", "‍👩", "👩‍a", "a\ufe0f\ufe0f", "\ufe0f", "🏴\U000e0067", "🏴\U000e0061\U000e007f"],
    ids=[
        "at the end",
        "Latin",
        "no letter after",
        "no second emoji",
        "no first",
        "a letter",
        "two selectors",
        "alone",
        "no end",
        "too short",
    ],
)
def test_a_joiner_that_joins_nothing_is_refused(text: str) -> None:
    assert reason(text) == "invisible_character"


@pytest.mark.parametrize("text", ["two\nlines", "a\ttab", "a\rb", "a\u2028b", "a\u2029b"])
def test_a_line_is_one_line(text: str) -> None:
    with pytest.raises(UnsafeTextError):
        check_line(text)


@given(text=st.text())
def test_any_text_is_kept_as_it_is_or_refused_with_a_reason(text: str) -> None:
    reason(text)
