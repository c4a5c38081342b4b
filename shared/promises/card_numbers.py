"""C18: no stored document holds a card number, whether plain, spaced, dashed, or inside base64 or hex."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from shared.mongo import Database, Document
from shared.promises.probe import Finding, Probe, broken_finding, kept_finding

_SAMPLE_SIZE = 500
_SEPARATOR_PATTERN = r"[ \u00a0\u202f-]"
_DIGIT_RUN = re.compile(rf"(?<![0-9A-Za-z])[2-6](?:{_SEPARATOR_PATTERN}?[0-9]){{12,18}}(?![0-9A-Za-z])")
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX_RUN = re.compile(r"[0-9a-fA-F]{26,}")
_CARD_LENGTHS = range(13, 20)


def card_number_probe(db: Database, documents: Sequence[type[Document]]) -> Probe:
    """Look through samples of every collection of a service; cost grows with the sample, not with what is stored."""

    async def check() -> Finding:
        looked_at = 0
        found: set[str] = set()
        for document in documents:
            for raw in await db.get_collection(document).sample_documents(_SAMPLE_SIZE):
                looked_at += 1
                if contains_card_number(raw):
                    found.add(document.collection)
        if found:
            return broken_finding(looked_at, f"a card number stands in: {', '.join(sorted(found))}")
        return kept_finding(looked_at, f"no card number in a sample of {len(documents)} collections")

    return Probe("C18", check)


def contains_card_number(value: Any) -> bool:
    """Tell whether *value*, or anything inside it, holds what can only be a card number."""
    return any(
        _has_card_number(text) or any(_has_card_number(inner) for inner in _decode_candidates(text))
        for text in _iter_texts(value)
    )


def _iter_texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("latin-1")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield f"{value:.0f}"
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _iter_texts(key)
            yield from _iter_texts(part)
    elif isinstance(value, Sequence):
        for part in value:
            yield from _iter_texts(part)


def _decode_candidates(text: str) -> Iterator[str]:
    for found in _BASE64_RUN.finditer(text):
        body = found.group().rstrip("=").replace("-", "+").replace("_", "/")
        for start in range(4):  # what stands before it, such as the path of a URL, may look like a part of it
            shifted = body[start:]
            with suppress(binascii.Error):  # a length that no encoding has
                yield base64.b64decode(shifted + "=" * (-len(shifted) % 4)).decode("latin-1")
    for found in _HEX_RUN.finditer(text):
        digits = found.group()
        for start in range(2):
            yield bytes.fromhex(digits[start : start + (len(digits) - start) // 2 * 2]).decode("latin-1")


def _has_card_number(text: str) -> bool:
    return any(_is_card_like(re.sub(_SEPARATOR_PATTERN, "", run.group())) for run in _DIGIT_RUN.finditer(text))


def _is_card_like(digits: str) -> bool:
    """Tell whether *digits* have a network's first digit, a card's length and a right check digit (ISO/IEC 7812-1)."""
    if len(digits) not in _CARD_LENGTHS or len(set(digits)) == 1:
        return False
    doubled = (int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
