"""Walks along keyboard rows and alphabets of many languages: passwords made of them are guessed first."""

from pathlib import Path

_MIN_WALK = 4
"""Shorter runs occur in words: *tre*, *opp*, *asd*."""
_DIGITS = "0123456789"
_SHIFTED_DIGITS = str.maketrans("!@#$%^&*()", "1234567890")


def strip_walks(text: str) -> str:
    """Return *text* without the pieces of four keys and more that lie side by side, forwards or backwards."""
    shown = text.translate(_SHIFTED_DIGITS)
    kept, at = [], 0
    while at < len(shown):
        length = _walk_length(shown, at)
        if length < _MIN_WALK:
            kept.append(shown[at])
            length = 1
        at += length
    return "".join(kept)


def _walk_length(text: str, start: int) -> int:
    """Return the length of the longest walk at *start*."""
    longest = 0
    for length in range(_MIN_WALK, len(text) - start + 1):
        if not any(text[start : start + length] in row for row in _ROWS):
            break
        longest = length
    return longest


def _load_rows() -> tuple[str, ...]:
    """Return the rows in both directions. The digits go on after nine: 8901234."""
    lines = Path(__file__).with_name("keyboard_rows.txt").read_text(encoding="utf-8").splitlines()
    listed = [line * 2 if line == _DIGITS else line for line in lines if not line.startswith("#")]
    return tuple(dict.fromkeys([*listed, *(row[::-1] for row in listed)]))


_ROWS = _load_rows()
