"""GET, HEAD and PUT."""

from contextlib import aclosing
from dataclasses import dataclass

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
from services.sync.service.uploads import Body, Uploads
from services.sync.service.writing import Made
from shared.ids import new_id


async def get(asking: Asking, reading: Reading) -> web.StreamResponse:
    """Send a file, or the ranges of it that were asked for."""
    file = await reading.file(asking.act)
    headers = _headers(file.node)
    if file.verdict is Verdict.NOT_MODIFIED:
        return web.Response(status=304, headers=headers)
    sending = _Sending(request=asking.request, file=file, reading=reading, headers=headers)
    spans = _spans(asking.request, file.node)
    if spans is None:
        return await sending.whole()
    return await (sending.part(spans[0]) if len(spans) == 1 else sending.parts(spans))


async def put(asking: Asking, uploads: Uploads) -> web.StreamResponse:
    """Store a file."""
    request = asking.request
    if asking.address.of_folder:
        raise MethodRefusedError("This is the address of a folder.")
    if "Content-Range" in request.headers:
        raise HeaderRefusedError("A part of a file cannot be put (RFC 9110 14.5).")
    body = Body(chunks=file_body(request), size=size_of(request), waits=waits(request), still=asking.still)
    written = await uploads.put(asking.act, body)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sending:
    """Sends a file, or parts of it."""

    request: web.Request
    file: File
    reading: Reading
    headers: dict[str, str]

    async def whole(self) -> web.StreamResponse:
        """Send all of it."""
        if self.file.small is not None and self.request.method == "GET":
            return web.Response(body=self.file.small, headers=self.headers)
        size = self.file.node.size
        return await self._sent(web.StreamResponse(headers=self.headers), [(b"", Span(0, size))])

    async def part(self, span: Span) -> web.StreamResponse:
        """Send one range."""
        response = web.StreamResponse(status=206, headers=self.headers)
        response.headers["Content-Range"] = self._range(span)
        return await self._sent(response, [(b"", span)])

    async def parts(self, spans: list[Span]) -> web.StreamResponse:
        """Send several ranges, each with its own head (RFC 9110 14.6)."""
        mark = new_id("part")
        response = web.StreamResponse(status=206, headers=self.headers)
        response.headers["Content-Type"] = f"multipart/byteranges; boundary={mark}"
        heads = (
            f"\r\n--{mark}\r\nContent-Type: {FILE_TYPE}\r\nContent-Range: {self._range(span)}\r\n\r\n" for span in spans
        )
        pieces = [(head.encode(), span) for head, span in zip(heads, spans, strict=True)]
        return await self._sent(response, [*pieces, (f"\r\n--{mark}--\r\n".encode(), Span(0, 0))])

    def _range(self, span: Span) -> str:
        return f"bytes {span.start}-{span.stop - 1}/{self.file.node.size}"

    async def _sent(self, response: web.StreamResponse, pieces: list[tuple[bytes, Span]]) -> web.StreamResponse:
        response.content_length = sum(len(head) + span.length for head, span in pieces)
        await response.prepare(self.request)
        for head, span in pieces if self.request.method == "GET" else ():
            if head:
                await response.write(head)
            async with aclosing(self.reading.bytes_of(self.file, span)) as frames:
                async for data in frames:
                    await response.write(data)
        await response.write_eof()
        return response
