"""The rules of text that a person types and that is kept readable.

It has no card number in any spelling (C18), and nothing that makes it look different from what it is: no direction
controls (CVE-2021-42574), no invisible characters. Joiners stay where a script or an emoji needs them.
"""

import re
import unicodedata

from shared.card_numbers import contains_card_number

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_CONTROL_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_DIRECTION = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters that show nothing although their category says letter, mark or symbol."""
_PREPENDED_MARKS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
"""Format characters that are visible: number signs of Arabic, Syriac and Kaithi (Prepended_Concatenation_Mark)."""

_JOINER = "\u200d"
_JOINERS = {"\u200c", _JOINER}
_JOINER_PATTERN = re.compile("[\u200c\u200d]")
_JOINED_SCRIPTS = (
    *("ARABIC", "SYRIAC", "MONGOLIAN", "NKO", "MANDAIC", "ADLAM", "HANIFI", "DEVANAGARI", "BENGALI", "GURMUKHI"),
    *("GUJARATI", "ORIYA", "TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "KHMER", "MYANMAR", "TIBETAN"),
)
"""Scripts in which a joiner changes how a letter is written (Unicode 9.2, 12, 13; RFC 5892, appendix A)."""
_EMOJI_MODIFIERS = "\ufe0e\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_SYMBOLS_IN_EMOJI = frozenset("\u2194\u27a1")
_BLACK_FLAG, _CANCEL_TAG = "\U0001f3f4", "\U000e007f"
_FLAG_TAGS = re.compile(rf"(?<={_BLACK_FLAG})[\U000e0030-\U000e0039\U000e0061-\U000e007a]{{3,6}}{_CANCEL_TAG}")
"""The flags of England, Scotland and Wales: a black flag and an invisible region (UTS 51)."""
_VARIATION = re.compile(r"[\ufe00-\ufe0f\U000e0100-\U000e01ef]{2}|(?:^|\s)[\ufe00-\ufe0f\U000e0100-\U000e01ef]")


class UnsafeTextError(ValueError):
    """A text that is not kept: *code* says why, the message what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def check_text(text: str) -> str:
    """Return *text*, in as many lines as it has; UnsafeTextError when it may not be kept."""
    if _CONTROL_IN_TEXT.search(text):
        raise UnsafeTextError("text_contains_control_character", "Remove the control characters.")
    return _check_characters(text)


def check_line(text: str) -> str:
    """Return *text*, which is one line; UnsafeTextError when it may not be kept."""
    if _CONTROL.search(text):
        raise UnsafeTextError("text_contains_control_character", "Give one line without control characters.")
    return _check_characters(text)


def _check_characters(text: str) -> str:
    if _DIRECTION.search(text):
        raise UnsafeTextError(
            "text_contains_direction_control", "Remove the characters that change the direction of writing."
        )
    if not text.isascii() and _has_invisible_characters(_FLAG_TAGS.sub("", text)):
        raise UnsafeTextError(
            "text_contains_invisible_character", "Remove the invisible characters, or type the text again."
        )
    if contains_card_number(text):
        raise UnsafeTextError("text_contains_card_number", "Remove the card number: it is never stored.")
    return text


def _has_invisible_characters(text: str) -> bool:
    used = set(text)
    return (
        any(_is_invisible(char) for char in used - _JOINERS)
        or bool(_VARIATION.search(text))
        or any(not _is_joiner_needed(text, found.start()) for found in _JOINER_PATTERN.finditer(text))
    )


def _is_invisible(char: str) -> bool:
    return char in _FILLERS or (unicodedata.category(char) == "Cf" and char not in _PREPENDED_MARKS)


def _is_joiner_needed(text: str, position: int) -> bool:
    """Return whether the joiner at *position* follows a letter of a joined script, or joins two emoji."""
    before, after = text[max(0, position - 4) : position], text[position + 1 : position + 2]
    if before and _is_in_joined_script(before[-1]):
        # A joiner may end a word; a non-joiner there would change nothing.
        return text[position] == _JOINER or (bool(after) and _is_in_joined_script(after))
    emoji = before.rstrip(_EMOJI_MODIFIERS)[-1:]
    return text[position] == _JOINER and _is_emoji(emoji) and _is_emoji(after)


def _is_in_joined_script(char: str) -> bool:
    return unicodedata.category(char)[0] in "LM" and unicodedata.name(char, "").startswith(_JOINED_SCRIPTS)


def _is_emoji(char: str) -> bool:
    return bool(char) and (unicodedata.category(char) == "So" or char in _SYMBOLS_IN_EMOJI)
