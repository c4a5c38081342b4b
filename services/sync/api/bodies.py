"""Request bodies: asked for once they are wanted, counted, and never left half-read on a connection that goes on."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

from aiohttp import web

from services.sync.api.xml import MOST_BYTES
from services.sync.errors import BodyRefusedError, UploadBrokenError, UploadStalledError, XmlTooLargeError
from shared.errors import MalformedError, ServiceError, TooLargeError
from shared.web import chunks_of, read_body
from shared.web.errors import SlowBodyError

_BOUNDLESS = 1 << 62
STALL = timedelta(seconds=60)
_DRAINED = 256 << 10
_DRAIN_TIME = timedelta(seconds=5)


def waits(request: web.Request) -> bool:
    """Tell whether the client sends the body only when it is asked for it (Expect: 100-continue)."""
    return request.headers.get("Expect", "").strip().lower() == "100-continue"


async def no_answer_yet(_: web.Request) -> None:
    """Take the place of aiohttp's own "100 Continue", which comes before anybody knows whether the body is wanted."""


async def _ask_for(request: web.Request) -> None:
    if waits(request):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # what was written is no part of the answer


async def xml_body(request: web.Request) -> bytes:
    """Return the body of a method that takes XML."""
    await _ask_for(request)
    try:
        return await read_body(request, limit=MOST_BYTES)
    except TooLargeError as fault:
        raise XmlTooLargeError from fault


async def optional_xml_body(request: web.Request) -> bytes:
    """Return the body of a method that mostly has none; one that is no XML is refused (RFC 4918 8.4)."""
    if not request.can_read_body or request.content_length == 0:
        return b""
    if request.content_type not in {"text/xml", "application/xml"}:
        raise BodyRefusedError
    return await xml_body(request)


async def file_body(request: web.Request) -> AsyncIterator[bytes]:
    """Yield the body of a PUT; whatever breaks it off is an error, never an end."""
    await _ask_for(request)
    try:
        async for chunk in chunks_of(request, limit=_BOUNDLESS, stall=STALL):
            yield chunk
    except SlowBodyError as fault:
        raise UploadStalledError from fault
    except (MalformedError, ConnectionError) as fault:
        raise UploadBrokenError from fault


async def drain(request: web.Request) -> None:
    """Read what is left of a small body, so that the refused client can repeat its request on the same connection."""
    length = request.content_length
    if request.content.is_eof() or waits(request) or length is None or length > _DRAINED:
        return
    with suppress(ServiceError, ConnectionError):
        await read_body(request, limit=_DRAINED, seconds=_DRAIN_TIME)
