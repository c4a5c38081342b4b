"""GET, HEAD and PUT."""

from aiohttp import web

from services.sync.api.bodies import file_body, waits
from services.sync.api.headers import size_of
from services.sync.api.multistatus import FILE_TYPE, http_date
from services.sync.api.requests import Asking
from services.sync.domain.conditions import Verdict
from services.sync.domain.frames import Span
from services.sync.domain.ranges import spans_of
from services.sync.domain.tree import Node
from services.sync.errors import HeaderRefusedError, MethodRefusedError
from services.sync.service.reading import File, Reading
from services.sync.service.uploads import Announced, Uploads
from services.sync.service.writing import Made
from shared.ids import new_id


async def get(asking: Asking, reading: Reading) -> web.StreamResponse:
    """Send a file, or the ranges of it that were asked for."""
    file = await reading.file(asking.act)
    headers = _headers(file.node)
    if file.verdict is Verdict.NOT_MODIFIED:
        return web.Response(status=304, headers=headers)
    spans = _spans(asking.request, file.node)
    if spans is None:
        return await _whole(asking.request, file, reading, headers)
    if len(spans) == 1:
        return await _part(asking.request, file, reading, headers, spans[0])
    return await _parts(asking.request, file, reading, headers, spans)


async def put(asking: Asking, uploads: Uploads) -> web.StreamResponse:
    """Store a file."""
    request = asking.request
    if asking.address.of_folder:
        raise MethodRefusedError("This is the address of a folder.")
    if "Content-Range" in request.headers:
        raise HeaderRefusedError("A part of a file cannot be put (RFC 9110 14.5).")
    announced = Announced(size=size_of(request), waits=waits(request))
    written = await uploads.put(asking.act, file_body(request), announced, asking.still)
    return web.Response(status=201 if written.made is Made.NEW else 204, headers={"ETag": written.node.etag})


def _headers(node: Node) -> dict[str, str]:
    return {
        "ETag": node.etag,
        "Last-Modified": http_date(node.modified_at),
        "Accept-Ranges": "bytes",
        "Content-Type": FILE_TYPE,
        # What customers store is shown by nobody's browser under our name.
        "Content-Disposition": "attachment",
        "Cache-Control": "private, no-cache",
    }


def _spans(request: web.Request, node: Node) -> list[Span] | None:
    """Return the ranges to send; None for the whole file, also when it is not the one of which they are (If-Range)."""
    wanted = request.headers.get("Range")
    if wanted is None or request.method != "GET":
        return None
    known = request.headers.get("If-Range")
    if known is not None and known.strip() not in {node.etag, http_date(node.modified_at)}:
        return None
    return spans_of(wanted, node.size)


async def _whole(request: web.Request, file: File, reading: Reading, headers: dict[str, str]) -> web.StreamResponse:
    if file.small is not None and request.method == "GET":
        return web.Response(body=file.small, headers=headers)
    response = web.StreamResponse(headers=headers)
    response.content_length = file.node.size
    return await _sent(request, response, file, reading, [(b"", Span(0, file.node.size))])


async def _part(
    request: web.Request, file: File, reading: Reading, headers: dict[str, str], span: Span
) -> web.StreamResponse:
    response = web.StreamResponse(status=206, headers=headers)
    response.headers["Content-Range"] = _content_range(span, file.node)
    response.content_length = span.length
    return await _sent(request, response, file, reading, [(b"", span)])


async def _parts(
    request: web.Request, file: File, reading: Reading, headers: dict[str, str], spans: list[Span]
) -> web.StreamResponse:
    mark = new_id("part")
    pieces = [
        (
            f"\r\n--{mark}\r\nContent-Type: {FILE_TYPE}\r\n"
            f"Content-Range: {_content_range(span, file.node)}\r\n\r\n".encode(),
            span,
        )
        for span in spans
    ]
    pieces.append((f"\r\n--{mark}--\r\n".encode(), Span(0, 0)))
    response = web.StreamResponse(status=206, headers=headers)
    response.headers["Content-Type"] = f"multipart/byteranges; boundary={mark}"
    response.content_length = sum(len(head) + span.length for head, span in pieces)
    return await _sent(request, response, file, reading, pieces)


def _content_range(span: Span, node: Node) -> str:
    return f"bytes {span.start}-{span.stop - 1}/{node.size}"


async def _sent(
    request: web.Request,
    response: web.StreamResponse,
    file: File,
    reading: Reading,
    pieces: list[tuple[bytes, Span]],
) -> web.StreamResponse:
    await response.prepare(request)
    if request.method == "GET":
        for head, span in pieces:
            if head:
                await response.write(head)
            if span.length:
                async for data in reading.bytes_of(file, span):
                    await response.write(data)
    await response.write_eof()
    return response
