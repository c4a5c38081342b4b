"""The request headers of WebDAV and of conditional requests, read strictly."""

import re
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum

from aiohttp import web

from services.sync.api.addresses import Addresses
from services.sync.domain.conditions import Clause, Conditions, Tags, Term
from services.sync.domain.locks import LONGEST
from services.sync.domain.tree import Path
from services.sync.errors import ForeignDestinationError, HeaderRefusedError

_NOWHERE: Path = ("",)
"""Where a tag of the If header points that is not in this tree: nothing is ever there."""
_MOST_TOKENS = 500
_LONGEST = 8 << 10
_TAG = r'(?:W/)?"[^"\x00-\x20\x7f]*"'
_TAGS = re.compile(rf"\s*{_TAG}\s*(?:,\s*{_TAG}\s*)*")
_TOKENS = re.compile(
    rf"\s*(?:(?P<open>\()|(?P<close>\))|(?P<no>Not(?=[\s<\[]))|<(?P<url>[^<>\s]+)>|\[\s*(?P<tag>{_TAG}|\*)\s*\])\s*",
    re.IGNORECASE,
)
_SECONDS = re.compile(r"Second-(\d{1,10})", re.IGNORECASE)


class Depth(Enum):
    """How far a method reaches."""

    ZERO = "0"
    ONE = "1"
    INFINITY = "infinity"


def depth_of(request: web.Request, default: Depth) -> Depth:
    """Return the Depth header."""
    given = request.headers.get("Depth")
    try:
        return default if given is None else Depth(given.strip().lower())
    except ValueError as fault:
        raise HeaderRefusedError("Depth is 0, 1 or infinity.") from fault


def overwrite_of(request: web.Request) -> bool:
    """Return the Overwrite header; without one, what is at the destination is replaced."""
    given = request.headers.get("Overwrite", "T").strip().upper()
    if given not in {"T", "F"}:
        raise HeaderRefusedError("Overwrite is T or F.")
    return given == "T"


def seconds_of(request: web.Request) -> int:
    """Return how long a lock is wanted: the first wish in the Timeout header that can be read, bounded."""
    longest = int(LONGEST.total_seconds())
    for wish in request.headers.get("Timeout", "")[:200].split(","):
        if found := _SECONDS.fullmatch(wish.strip()):
            return max(1, min(int(found[1]), longest))
    return longest


def size_of(request: web.Request) -> int | None:
    """Return the size of the body as the client announces it; Finder sends it beside a chunked body."""
    if request.content_length is not None:
        return request.content_length
    expected = request.headers.get("X-Expected-Entity-Length", "").strip()
    return int(expected) if expected.isascii() and expected.isdigit() and len(expected) < 16 else None


def conditions_of(request: web.Request, addresses: Addresses, username: str) -> Conditions:
    """Return all that the request demands of the present state."""
    headers = request.headers

    def path_of(tag: str) -> Path:
        try:
            return addresses.destination(tag, username).path
        except ForeignDestinationError:
            return _NOWHERE

    return Conditions(
        match=_tags(headers.getall("If-Match", [])),
        none_match=_tags(headers.getall("If-None-Match", [])),
        modified_since=_date(headers.get("If-Modified-Since")),
        unmodified_since=_date(headers.get("If-Unmodified-Since")),
        clauses=tuple(_clauses(" ".join(headers.getall("If", [])), path_of)),
    )


def _tags(given: list[str]) -> Tags | None:
    if not given:
        return None
    text = ",".join(given)
    if text.strip() == "*":
        return Tags(anything=True)
    if len(text) > _LONGEST or not _TAGS.fullmatch(text):
        raise HeaderRefusedError("Entity tags are quoted and separated by commas.")
    return Tags(frozenset(re.findall(_TAG, text)))


def _date(given: str | None) -> datetime | None:
    """Return an HTTP date; one that cannot be read is ignored, as RFC 9110 13.1.3 wants it."""
    if given is None:
        return None
    try:
        return parsedate_to_datetime(given).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _clauses(text: str, path_of: Callable[[str], Path]) -> Iterator[Clause]:
    """Read an If header (RFC 4918 10.4.2)."""
    tokens, path = deque(_scanned(text.strip())), None
    if len(tokens) > _MOST_TOKENS:
        raise HeaderRefusedError
    while tokens:
        kind, value = tokens.popleft()
        if kind == "url" and tokens and tokens[0][0] == "open":
            path = path_of(value)
        elif kind == "open":
            yield Clause(path, tuple(_terms(tokens)))
        else:
            raise HeaderRefusedError


def _terms(tokens: deque[tuple[str, str]]) -> list[Term]:
    """Read what stands between parentheses."""
    terms: list[Term] = []
    while tokens:
        kind, value = tokens.popleft()
        if kind == "close" and terms:
            return terms
        negated = kind == "no"
        if negated and tokens:
            kind, value = tokens.popleft()
        if kind == "url":
            terms.append(Term(token=value, negated=negated))
        elif kind == "tag":
            terms.append(Term(etag=value, negated=negated))
        else:
            break
    raise HeaderRefusedError


def _scanned(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    if len(text) > _LONGEST:
        raise HeaderRefusedError
    while at < len(text):
        found = _TOKENS.match(text, at)
        if found is None or found.lastgroup is None:
            raise HeaderRefusedError
        yield found.lastgroup, found[found.lastgroup]
        at = found.end()
