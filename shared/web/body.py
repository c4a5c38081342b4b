"""Reads and parses request bodies strictly, with limits on size and time."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from functools import cache
from typing import Any, NoReturn, TypeVar
from urllib.parse import parse_qsl

from aiohttp import web
from pydantic import BaseModel, ValidationError

from shared.errors import FieldProblem, InvalidInputError, MalformedError, TooLargeError
from shared.web.errors import RequestTimeoutError, UnsupportedMediaTypeError

M = TypeVar("M", bound=BaseModel)

BODY_TIMEOUT = timedelta(seconds=20)
STALL_TIMEOUT = timedelta(seconds=20)
_MAX_FIELDS = 100
_MAX_PROBLEMS = 20
_SAFE_MESSAGES = {
    "union_tag_invalid": "Input is of none of the expected kinds",
    "uuid_parsing": "Input should be a valid UUID",
    "url_parsing": "Input should be a valid URL",
}
"""Replacements for pydantic messages that would quote the input."""
_BOUNDARY = re.compile(r""";\s*boundary="?([0-9A-Za-z'()+_,./:=?-]{1,70})"?\s*(?:;|$)""", re.IGNORECASE)
_DISPOSITION = re.compile(rb'content-disposition:[ \t]*form-data;[ \t]*name="([^"\r\n]{1,100})"[ \t]*', re.IGNORECASE)


async def read_body(request: web.Request, *, limit: int, timeout: timedelta = BODY_TIMEOUT) -> bytes:
    """Return the whole body; TooLargeError beyond *limit* bytes, RequestTimeoutError after *timeout*."""
    chunks: list[bytes] = []
    try:
        async with asyncio.timeout(timeout.total_seconds()):
            async for chunk in iter_body(request, limit=limit, stall_timeout=timeout):
                chunks.append(chunk)  # noqa: PERF401 -- a comprehension would lose what arrived before the limit
    except TimeoutError as fault:
        raise RequestTimeoutError from fault
    return b"".join(chunks)


async def iter_body(
    request: web.Request, *, limit: int, stall_timeout: timedelta = STALL_TIMEOUT
) -> AsyncIterator[bytes]:
    """Yield the body as it arrives; TooLargeError beyond *limit* bytes, RequestTimeoutError after *stall_timeout*.

    aiohttp's own limit (client_max_size) does not apply to streams, and aiohttp has no time limit.
    """
    if (request.content_length or 0) > limit:
        raise TooLargeError(f"At most {limit} bytes are read here.")
    seen = 0
    while chunk := await _next_chunk(request, stall_timeout):
        seen += len(chunk)
        if seen > limit:
            raise TooLargeError(f"At most {limit} bytes are read here.")
        yield chunk


async def _next_chunk(request: web.Request, stall_timeout: timedelta) -> bytes:
    try:
        # What has arrived needs no timer: a small body has, and a timer costs more than the read.
        if (arrived := request.content.read_nowait()) or request.content.at_eof():
            return arrived
        async with asyncio.timeout(stall_timeout.total_seconds()):
            return await request.content.readany()
    except TimeoutError as fault:
        raise RequestTimeoutError from fault
    except (web.RequestPayloadError, ConnectionError) as fault:
        raise MalformedError("The body is incomplete or has invalid framing.") from fault


def parse_json(model: type[M], request: web.Request, raw: bytes) -> M:
    """Return *raw* as *model*: UTF-8 JSON without duplicate keys, NaN or unknown fields."""
    _require_media_type(request, "application/json")
    try:
        json.loads(raw.decode("utf-8"), object_pairs_hook=_to_unique_dict, parse_constant=_reject_constant)
    except (ValueError, RecursionError) as fault:
        raise MalformedError("The body must be JSON in UTF-8 with unique keys.") from fault
    try:
        return model.model_validate_json(raw)
    except ValidationError as fault:
        raise validation_error(fault, model) from None  # its message quotes the input


def parse_form(model: type[M], request: web.Request, raw: bytes) -> M:
    """Return a form as *model*: urlencoded, or multipart, which RFC 8058 allows mail providers to send."""
    _require_media_type(request, "application/x-www-form-urlencoded", "multipart/form-data")
    try:
        is_multipart = request.content_type.startswith("multipart/")
        pairs = _parse_multipart(request.headers["Content-Type"], raw) if is_multipart else _parse_urlencoded(raw)
    except ValueError as fault:
        raise MalformedError("The form cannot be read.") from fault
    return parse_pairs(model, pairs)


def parse_pairs(model: type[M], pairs: Iterable[tuple[str, str]]) -> M:
    """Return name-value pairs as *model*; MalformedError for a repeated name."""
    try:
        return model.model_validate(_to_unique_dict(list(pairs)))
    except ValidationError as fault:
        raise validation_error(fault, model) from None
    except ValueError as fault:
        raise MalformedError("A name occurs twice.") from fault


def validation_error(fault: ValidationError, model: type[BaseModel]) -> InvalidInputError | MalformedError:
    """Return pydantic's errors as field problems, without quoting the input."""
    problems = fault.errors(include_url=False, include_context=False, include_input=False)[:_MAX_PROBLEMS]
    if any(each["type"] == "json_invalid" for each in problems):
        return MalformedError("The body is not a JSON text.")
    names = _field_names(model)
    return InvalidInputError(
        fields=tuple(
            FieldProblem(
                field=".".join(str(part) if isinstance(part, int) or part in names else "*" for part in each["loc"]),
                code=each["type"],
                message=_SAFE_MESSAGES.get(each["type"], each["msg"]),
            )
            for each in problems
        )
    )


@cache
def _field_names(model: type[BaseModel]) -> frozenset[str]:
    """Return the field names of *model* and its parts; other names in an error location are caller input."""
    schema = model.model_json_schema()
    return frozenset(
        name for part in (schema, *schema.get("$defs", {}).values()) for name in part.get("properties", {})
    )


def _require_media_type(request: web.Request, *accepted: str) -> None:
    charset = (request.charset or "utf-8").lower()
    if request.content_type not in accepted or charset not in {"utf-8", "utf8"}:
        raise UnsupportedMediaTypeError(
            f"Send {' or '.join(accepted)} in UTF-8.", headers={"Accept": ", ".join(accepted)}
        )


def _to_unique_dict(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise ValueError("a name occurs twice")
    return unique


def _reject_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _parse_urlencoded(raw: bytes) -> list[tuple[str, str]]:
    text = raw.decode("ascii")
    return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)


def _parse_multipart(content_type: str, raw: bytes) -> list[tuple[str, str]]:
    """Return the plain fields of a multipart/form-data body (RFC 7578); files and nested parts are rejected."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise ValueError("no boundary")
    _, *parts, end = (b"\r\n" + raw).split(b"\r\n--" + boundary[1].encode())
    if not parts or len(parts) > _MAX_FIELDS or not end.startswith(b"--"):
        raise ValueError("not a form of plain fields")
    return [_parse_part(part) for part in parts]


def _parse_part(part: bytes) -> tuple[str, str]:
    head, blank, content = part.partition(b"\r\n\r\n")
    matches = [found for line in head.split(b"\r\n") if (found := _DISPOSITION.fullmatch(line))]
    if not blank or len(matches) != 1:
        raise ValueError("not a plain field")
    return matches[0][1].decode("utf-8"), content.decode("utf-8")
