"""Parses the request headers of WebDAV and of conditional requests, strictly."""

import re
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum

from aiohttp import web

from services.sync.api.hrefs import HrefBuilder
from services.sync.domain.locks import MAX_LOCK_TIMEOUT
from services.sync.domain.preconditions import Condition, ConditionList, EntityTags, Preconditions
from services.sync.domain.tree import TreePath
from services.sync.errors import CrossServerDestinationError, InvalidHeaderError

_UNMAPPED_PATH: TreePath = ("",)
"""The path for an If header tag that is outside this tree: no resource is ever there."""
_MAX_TOKENS = 500
_MAX_HEADER_LENGTH = 8 << 10
_ENTITY_TAG = r'(?:W/)?"[^"\x00-\x20\x7f]*"'
_ENTITY_TAG_LIST = re.compile(rf"\s*{_ENTITY_TAG}\s*(?:,\s*{_ENTITY_TAG}\s*)*")
_IF_TOKENS = re.compile(
    rf"\s*(?:(?P<open>\()|(?P<close>\))|(?P<no>Not(?=[\s<\[]))|<(?P<url>[^<>\s]+)>|\[\s*(?P<tag>{_ENTITY_TAG}|\*)\s*\])\s*",
    re.IGNORECASE,
)
_TIMEOUT_SECONDS = re.compile(r"Second-(\d{1,10})", re.IGNORECASE)


class Depth(Enum):
    """The values of the Depth header."""

    ZERO = "0"
    ONE = "1"
    INFINITY = "infinity"


def parse_depth(request: web.Request, default: Depth) -> Depth:
    """Parse the Depth header."""
    value = request.headers.get("Depth")
    try:
        return default if value is None else Depth(value.strip().lower())
    except ValueError as fault:
        raise InvalidHeaderError("Depth must be 0, 1 or infinity.") from fault


def parse_overwrite(request: web.Request) -> bool:
    """Parse the Overwrite header; without one the destination may be replaced."""
    value = request.headers.get("Overwrite", "T").strip().upper()
    if value not in {"T", "F"}:
        raise InvalidHeaderError("Overwrite must be T or F.")
    return value == "T"


def parse_timeout(request: web.Request) -> int:
    """Parse the Timeout header: the first valid value, in seconds, bounded by MAX_LOCK_TIMEOUT."""
    longest = int(MAX_LOCK_TIMEOUT.total_seconds())
    for candidate in request.headers.get("Timeout", "")[:200].split(","):
        if found := _TIMEOUT_SECONDS.fullmatch(candidate.strip()):
            return max(1, min(int(found[1]), longest))
    return longest


def parse_content_length(request: web.Request) -> int | None:
    """Parse the announced size of the body; Finder sends X-Expected-Entity-Length with a chunked body."""
    if request.content_length is not None:
        return request.content_length
    expected = request.headers.get("X-Expected-Entity-Length", "").strip()
    return int(expected) if expected.isascii() and expected.isdigit() and len(expected) < 16 else None


def parse_preconditions(request: web.Request, hrefs: HrefBuilder, username: str) -> Preconditions:
    """Parse all preconditions of a request."""
    headers = request.headers

    def resolve_path(tag: str) -> TreePath:
        try:
            return hrefs.parse_destination(tag, username).path
        except CrossServerDestinationError:
            return _UNMAPPED_PATH

    return Preconditions(
        if_match=_parse_entity_tags(headers.getall("If-Match", [])),
        if_none_match=_parse_entity_tags(headers.getall("If-None-Match", [])),
        if_modified_since=_parse_http_date(headers.get("If-Modified-Since")),
        if_unmodified_since=_parse_http_date(headers.get("If-Unmodified-Since")),
        condition_lists=tuple(_parse_if_header(" ".join(headers.getall("If", [])), resolve_path)),
    )


def _parse_entity_tags(values: list[str]) -> EntityTags | None:
    if not values:
        return None
    text = ",".join(values)
    if text.strip() == "*":
        return EntityTags(matches_any=True)
    if len(text) > _MAX_HEADER_LENGTH or not _ENTITY_TAG_LIST.fullmatch(text):
        raise InvalidHeaderError("Entity tags must be quoted and separated by commas.")
    return EntityTags(frozenset(re.findall(_ENTITY_TAG, text)))


def _parse_http_date(value: str | None) -> datetime | None:
    """Parse an HTTP date; an invalid one is ignored (RFC 9110 §13.1.3)."""
    if value is None:
        return None
    try:
        return parsedate_to_datetime(value).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _parse_if_header(text: str, resolve_path: Callable[[str], TreePath]) -> Iterator[ConditionList]:
    """Parse an If header (RFC 4918 §10.4.2)."""
    tokens, path = deque(_tokenize(text.strip())), None
    if len(tokens) > _MAX_TOKENS:
        raise InvalidHeaderError
    while tokens:
        kind, value = tokens.popleft()
        if kind == "url" and tokens and tokens[0][0] == "open":
            path = resolve_path(value)
        elif kind == "open":
            yield ConditionList(path, tuple(_parse_condition_list(tokens)))
        else:
            raise InvalidHeaderError


def _parse_condition_list(tokens: deque[tuple[str, str]]) -> list[Condition]:
    """Parse one list of the If header."""
    terms: list[Condition] = []
    while tokens:
        kind, value = tokens.popleft()
        if kind == "close" and terms:
            return terms
        negated = kind == "no"
        if negated and tokens:
            kind, value = tokens.popleft()
        if kind == "url":
            terms.append(Condition(token=value, negated=negated))
        elif kind == "tag":
            terms.append(Condition(etag=value, negated=negated))
        else:
            break
    raise InvalidHeaderError


def _tokenize(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    if len(text) > _MAX_HEADER_LENGTH:
        raise InvalidHeaderError
    while at < len(text):
        found = _IF_TOKENS.match(text, at)
        if found is None or found.lastgroup is None:
            raise InvalidHeaderError
        yield found.lastgroup, found[found.lastgroup]
        at = found.end()
