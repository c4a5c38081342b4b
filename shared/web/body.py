"""Reads request bodies: counted while they arrive, in limited time, and strictly."""

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
from shared.web.errors import MediaTypeRefusedError, SlowBodyError

M = TypeVar("M", bound=BaseModel)

BODY_TIME = timedelta(seconds=20)
STALL_TIME = timedelta(seconds=20)
_MOST_FIELDS = 100
_MOST_TOLD = 20
_NO_QUOTE = {
    "union_tag_invalid": "Input is of none of the expected kinds",
    "uuid_parsing": "Input should be a valid UUID",
    "url_parsing": "Input should be a valid URL",
}
"""What pydantic would say with a piece of the input in it."""
_BOUNDARY = re.compile(r""";\s*boundary="?([0-9A-Za-z'()+_,./:=?-]{1,70})"?\s*(?:;|$)""", re.IGNORECASE)
_DISPOSITION = re.compile(rb'content-disposition:[ \t]*form-data;[ \t]*name="([^"\r\n]{1,100})"[ \t]*', re.IGNORECASE)


async def read_body(request: web.Request, *, limit: int, seconds: timedelta = BODY_TIME) -> bytes:
    """Return the whole body; TooLargeError beyond *limit* bytes, SlowBodyError after *seconds*."""
    chunks: list[bytes] = []
    try:
        async with asyncio.timeout(seconds.total_seconds()):
            async for chunk in chunks_of(request, limit=limit, stall=seconds):
                chunks.append(chunk)  # noqa: PERF401 -- a comprehension would lose what arrived before the limit
    except TimeoutError as fault:
        raise SlowBodyError from fault
    return b"".join(chunks)


async def chunks_of(request: web.Request, *, limit: int, stall: timedelta = STALL_TIME) -> AsyncIterator[bytes]:
    """Yield the body as it arrives; TooLargeError beyond *limit* bytes, SlowBodyError when nothing comes for *stall*.

    aiohttp's own bound (client_max_size) does not hold for streams, and it has no time limit at all.
    """
    if (request.content_length or 0) > limit:
        raise TooLargeError(f"At most {limit} bytes are read here.")
    seen = 0
    while chunk := await _next(request, stall):
        seen += len(chunk)
        if seen > limit:
            raise TooLargeError(f"At most {limit} bytes are read here.")
        yield chunk


async def _next(request: web.Request, stall: timedelta) -> bytes:
    try:
        async with asyncio.timeout(stall.total_seconds()):
            return await request.content.readany()
    except TimeoutError as fault:
        raise SlowBodyError from fault
    except (web.RequestPayloadError, ConnectionError) as fault:
        raise MalformedError("The body is broken off or badly framed.") from fault


def parse_json(model: type[M], request: web.Request, raw: bytes) -> M:
    """Return *raw* as *model*: UTF-8 JSON, no key twice, no NaN, no unknown field."""
    _require_type(request, "application/json")
    try:
        json.loads(raw.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant)
    except (ValueError, RecursionError) as fault:
        raise MalformedError("The body is not a JSON text in UTF-8 whose keys are unique.") from fault
    try:
        return model.model_validate_json(raw)
    except ValidationError as fault:
        raise refused(fault, model) from None  # its text quotes the input


def parse_form(model: type[M], request: web.Request, raw: bytes) -> M:
    """Return a form as *model*: urlencoded, or multipart as RFC 8058 lets mail providers send it."""
    _require_type(request, "application/x-www-form-urlencoded", "multipart/form-data")
    try:
        is_multipart = request.content_type.startswith("multipart/")
        pairs = _multipart(request.headers["Content-Type"], raw) if is_multipart else _urlencoded(raw)
    except ValueError as fault:
        raise MalformedError("The form cannot be read.") from fault
    return parse_pairs(model, pairs)


def parse_pairs(model: type[M], pairs: Iterable[tuple[str, str]]) -> M:
    """Return names and texts as *model*; a repeated name is a MalformedError."""
    try:
        return model.model_validate(_object(list(pairs)))
    except ValidationError as fault:
        raise refused(fault, model) from None
    except ValueError as fault:
        raise MalformedError("A name occurs twice.") from fault


def refused(fault: ValidationError, model: type[BaseModel]) -> InvalidInputError | MalformedError:
    """Return what pydantic refused of *model*, field by field, without quoting what was sent."""
    found = fault.errors(include_url=False, include_context=False, include_input=False)[:_MOST_TOLD]
    if any(each["type"] == "json_invalid" for each in found):
        return MalformedError("The body is not a JSON text.")
    names = _names(model)
    return InvalidInputError(
        fields=tuple(
            FieldProblem(
                field=".".join(str(part) if isinstance(part, int) or part in names else "*" for part in each["loc"]),
                code=each["type"],
                message=_NO_QUOTE.get(each["type"], each["msg"]),
            )
            for each in found
        )
    )


@cache
def _names(model: type[BaseModel]) -> frozenset[str]:
    """Return the field names in *model* and below: what else stands in a location was made up by the caller."""
    schema = model.model_json_schema()
    return frozenset(
        name for part in (schema, *schema.get("$defs", {}).values()) for name in part.get("properties", {})
    )


def _require_type(request: web.Request, *accepted: str) -> None:
    charset = (request.charset or "utf-8").lower()
    if request.content_type not in accepted or charset not in {"utf-8", "utf8"}:
        raise MediaTypeRefusedError(f"Send {' or '.join(accepted)} in UTF-8.", headers={"Accept": ", ".join(accepted)})


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _no_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _urlencoded(raw: bytes) -> list[tuple[str, str]]:
    text = raw.decode("ascii")
    return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)


def _multipart(content_type: str, raw: bytes) -> list[tuple[str, str]]:
    """Return the plain fields of a multipart/form-data body (RFC 7578); files and nested parts are not read here."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise ValueError("no boundary")
    _, *parts, end = (b"\r\n" + raw).split(b"\r\n--" + boundary[1].encode())
    if not parts or len(parts) > _MOST_FIELDS or not end.startswith(b"--"):
        raise ValueError("not a form of some plain fields")
    return [_field(part) for part in parts]


def _field(part: bytes) -> tuple[str, str]:
    head, blank, content = part.partition(b"\r\n\r\n")
    named = [found for line in head.split(b"\r\n") if (found := _DISPOSITION.fullmatch(line))]
    if not blank or len(named) != 1:
        raise ValueError("not a plain field")
    return named[0][1].decode("utf-8"), content.decode("utf-8")
