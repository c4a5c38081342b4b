"""Request bodies: read on demand, limited in size and time, and drained where the connection is kept."""

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
    """Tell whether the client waits for 100 (Continue) before it sends the body."""
    return request.headers.get("Expect", "").strip().lower() == "100-continue"


async def defer_continue(_: web.Request) -> None:
    """Replace aiohttp's expect handler, which sends 100 (Continue) before the request is checked."""


async def _send_continue(request: web.Request) -> None:
    if expects_continue(request):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # 100 (Continue) is no part of the response


async def read_xml_body(request: web.Request) -> bytes:
    """Return the XML body of a request."""
    await _send_continue(request)
    try:
        return await read_body(request, limit=MAX_XML_BYTES)
    except TooLargeError as fault:
        raise XmlTooLargeError from fault


async def read_optional_xml_body(request: web.Request) -> bytes:
    """Return the optional XML body of a request; a body that is not XML is refused (RFC 4918 §8.4)."""
    if not request.can_read_body or request.content_length == 0:
        return b""
    if request.content_type not in {"text/xml", "application/xml"}:
        raise UnsupportedDavBodyError
    return await read_xml_body(request)


async def iter_file_body(request: web.Request) -> AsyncIterator[bytes]:
    """Yield the body of a PUT. A connection that ends early raises; it never looks like the end of the body."""
    await _send_continue(request)
    try:
        async for chunk in iter_body(request, limit=_UNLIMITED, stall_timeout=STALL_TIMEOUT):
            yield chunk
    except RequestTimeoutError as fault:
        raise UploadTimeoutError from fault
    except (MalformedError, ConnectionError) as fault:
        raise IncompleteUploadError from fault


async def drain(request: web.Request) -> None:
    """Read the rest of a small body, so that a refused client can repeat its request on the same connection."""
    length = request.content_length
    if request.content.is_eof() or expects_continue(request) or length is None or length > _MAX_DRAIN_BYTES:
        return
    with suppress(ServiceError, ConnectionError):
        await read_body(request, limit=_MAX_DRAIN_BYTES, timeout=_DRAIN_TIMEOUT)
