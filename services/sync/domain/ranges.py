"""Byte ranges (RFC 9110 §14)."""

import re
from itertools import pairwise

from services.sync.domain.frames import ByteRange
from services.sync.errors import RangeNotSatisfiableError

MAX_RANGES = 16
"""Ranges in one response; a request for more gets the whole file."""

_HEADER = re.compile(r"bytes=(\s*\d*-\d*\s*(?:,\s*\d*-\d*\s*)*)", re.IGNORECASE)


def parse_range(header: str, size: int) -> list[ByteRange] | None:
    """Return the ranges that *header* requests of a file of *size* bytes; None when the header is to be ignored.

    A header that is malformed, or that has overlapping or too many ranges, is ignored as RFC 9110 §14.2 allows.
    """
    if len(header) > 1024 or not (read := _HEADER.fullmatch(header.strip())):
        return None
    parts = [part.strip() for part in read[1].split(",")]
    if "-" in parts or len(parts) > MAX_RANGES or _has_inverted(parts):
        return None
    spans = [span for part in parts if (span := _parse_part(part, size))]
    if not spans:
        raise RangeNotSatisfiableError(headers={"Content-Range": f"bytes */{size}"})
    return None if _has_overlap(spans) else spans


def _parse_part(part: str, size: int) -> ByteRange | None:
    first, _, last = part.partition("-")
    if not first:
        start, stop = max(size - int(last), 0), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
    return ByteRange(start, stop) if start < stop else None


def _has_inverted(parts: list[str]) -> bool:
    pairs = (part.partition("-") for part in parts)
    return any(first and last and int(first) > int(last) for first, _, last in pairs)


def _has_overlap(spans: list[ByteRange]) -> bool:
    ordered = sorted(spans, key=lambda span: span.start)
    return any(left.stop > right.start for left, right in pairwise(ordered))
