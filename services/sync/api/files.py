"""GET, HEAD and PUT of files."""

from contextlib import aclosing
from dataclasses import dataclass

from aiohttp import web

from services.sync.api.auth import DavRequest
from services.sync.api.bodies import expects_continue, iter_file_body
from services.sync.api.headers import parse_content_length
from services.sync.api.multistatus import FILE_CONTENT_TYPE, format_http_date
from services.sync.domain.frames import ByteRange
from services.sync.domain.operation import WriteKind
from services.sync.domain.preconditions import ReadDecision
from services.sync.domain.ranges import parse_range
from services.sync.domain.tree import Node
from services.sync.errors import DavMethodNotAllowedError, InvalidHeaderError
from services.sync.service.tree.reader import FileContent, TreeReader
from services.sync.service.webdav.uploads import UploadBody, UploadService
from shared.ids import new_id


async def get_file(dav_request: DavRequest, reader: TreeReader) -> web.StreamResponse:
    """Send a file, or the requested ranges of it."""
    file = await reader.get_file(dav_request.operation)
    headers = _file_headers(file.node)
    if file.decision is ReadDecision.NOT_MODIFIED:
        return web.Response(status=304, headers=headers)
    sending = _FileSender(request=dav_request.request, file=file, reader=reader, headers=headers)
    spans = _requested_ranges(dav_request.request, file.node)
    if spans is None:
        return await sending.send_whole()
    return await (sending.send_range(spans[0]) if len(spans) == 1 else sending.send_ranges(spans))


async def put_file(dav_request: DavRequest, uploads: UploadService) -> web.StreamResponse:
    """Store the request body as a file."""
    request = dav_request.request
    if dav_request.resource_path.trailing_slash:
        raise DavMethodNotAllowedError("This is the URL of a folder.")
    if "Content-Range" in request.headers:
        raise InvalidHeaderError("A partial PUT is not supported (RFC 9110 §14.5).")
    body = UploadBody(
        chunks=iter_file_body(request),
        size=parse_content_length(request),
        expects_continue=expects_continue(request),
        reauthorize=dav_request.reauthorize,
    )
    written = await uploads.put(dav_request.operation, body)
    return web.Response(status=201 if written.kind is WriteKind.CREATED else 204, headers={"ETag": written.node.etag})


def _file_headers(node: Node) -> dict[str, str]:
    return {
        "ETag": node.etag,
        "Last-Modified": format_http_date(node.modified_at),
        "Accept-Ranges": "bytes",
        "Content-Type": FILE_CONTENT_TYPE,
        # Browsers must not display customers' files under our origin.
        "Content-Disposition": "attachment",
        "Cache-Control": "private, no-cache",
    }


def _requested_ranges(request: web.Request, node: Node) -> list[ByteRange] | None:
    """Return the ranges to send; None for the whole file, also when If-Range names another version of it."""
    range_header = request.headers.get("Range")
    if range_header is None or request.method != "GET":
        return None
    if_range = request.headers.get("If-Range")
    if if_range is not None and if_range.strip() not in {node.etag, format_http_date(node.modified_at)}:
        return None
    return parse_range(range_header, node.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class _FileSender:
    """Sends a file, or ranges of it."""

    request: web.Request
    file: FileContent
    reader: TreeReader
    headers: dict[str, str]

    async def send_whole(self) -> web.StreamResponse:
        """Send the whole file."""
        if self.file.inline_data is not None and self.request.method == "GET":
            return web.Response(body=self.file.inline_data, headers=self.headers)
        size = self.file.node.size
        return await self._send(web.StreamResponse(headers=self.headers), [(b"", ByteRange(0, size))])

    async def send_range(self, byte_range: ByteRange) -> web.StreamResponse:
        """Send a single range."""
        response = web.StreamResponse(status=206, headers=self.headers)
        response.headers["Content-Range"] = self._content_range(byte_range)
        return await self._send(response, [(b"", byte_range)])

    async def send_ranges(self, byte_ranges: list[ByteRange]) -> web.StreamResponse:
        """Send several ranges as multipart/byteranges (RFC 9110 §14.6)."""
        boundary = new_id("part")
        response = web.StreamResponse(status=206, headers=self.headers)
        response.headers["Content-Type"] = f"multipart/byteranges; boundary={boundary}"
        heads = (
            f"\r\n--{boundary}\r\nContent-Type: {FILE_CONTENT_TYPE}\r\n"
            f"Content-Range: {self._content_range(span)}\r\n\r\n"
            for span in byte_ranges
        )
        pieces = [(head.encode(), span) for head, span in zip(heads, byte_ranges, strict=True)]
        return await self._send(response, [*pieces, (f"\r\n--{boundary}--\r\n".encode(), ByteRange(0, 0))])

    def _content_range(self, byte_range: ByteRange) -> str:
        return f"bytes {byte_range.start}-{byte_range.stop - 1}/{self.file.node.size}"

    async def _send(self, response: web.StreamResponse, pieces: list[tuple[bytes, ByteRange]]) -> web.StreamResponse:
        response.content_length = sum(len(head) + span.length for head, span in pieces)
        await response.prepare(self.request)
        for head, span in pieces if self.request.method == "GET" else ():
            if head:
                await response.write(head)
            async with aclosing(self.reader.iter_bytes(self.file, span)) as frames:
                async for data in frames:
                    await response.write(data)
        await response.write_eof()
        return response
