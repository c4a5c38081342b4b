"""Request bodies: asked for once they are wanted, counted, and never left half-read on a connection that goes on."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

from aiohttp import web

from services.sync.api.dav_xml import MAX_XML_BYTES
from services.sync.errors import IncompleteUploadError, UnsupportedDavBodyError, UploadTimeoutError, XmlTooLargeError
from shared.errors import MalformedError, ServiceError, TooLargeError
from shared.web import iter_body, read_body
from shared.web.errors import RequestTimeoutError

_UNLIMITED = 1 << 62
STALL_TIMEOUT = timedelta(seconds=60)
_MAX_DRAIN_BYTES = 256 << 10
_DRAIN_TIMEOUT = timedelta(seconds=5)


def expects_continue(request: web.Request) -> bool:
    """Tell whether the client sends the body only when it is asked for it (Expect: 100-continue)."""
    return request.headers.get("Expect", "").strip().lower() == "100-continue"


async def defer_continue(_: web.Request) -> None:
    """Take the place of aiohttp's own "100 Continue", which comes before anybody knows whether the body is wanted."""


async def _send_continue(request: web.Request) -> None:
    if expects_continue(request):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # what was written is no part of the answer


async def read_xml_body(request: web.Request) -> bytes:
    """Return the body of a method that takes XML."""
    await _send_continue(request)
    try:
        return await read_body(request, limit=MAX_XML_BYTES)
    except TooLargeError as fault:
        raise XmlTooLargeError from fault


async def read_optional_xml_body(request: web.Request) -> bytes:
    """Return the body of a method that mostly has none; one that is no XML is refused (RFC 4918 8.4)."""
    if not request.can_read_body or request.content_length == 0:
        return b""
    if request.content_type not in {"text/xml", "application/xml"}:
        raise UnsupportedDavBodyError
    return await read_xml_body(request)


async def iter_file_body(request: web.Request) -> AsyncIterator[bytes]:
    """Yield the body of a PUT; whatever breaks it off is an error, never an end."""
    await _send_continue(request)
    try:
        async for chunk in iter_body(request, limit=_UNLIMITED, stall_timeout=STALL_TIMEOUT):
            yield chunk
    except RequestTimeoutError as fault:
        raise UploadTimeoutError from fault
    except (MalformedError, ConnectionError) as fault:
        raise IncompleteUploadError from fault


async def drain(request: web.Request) -> None:
    """Read what is left of a small body, so that the refused client can repeat its request on the same connection."""
    length = request.content_length
    if request.content.is_eof() or expects_continue(request) or length is None or length > _MAX_DRAIN_BYTES:
        return
    with suppress(ServiceError, ConnectionError):
        await read_body(request, limit=_MAX_DRAIN_BYTES, timeout=_DRAIN_TIMEOUT)
