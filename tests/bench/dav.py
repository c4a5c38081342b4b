"""A WebDAV client that costs little: one connection, kept open, on plain streams; each answer is read to its end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_PIECE = 1 << 20
DEPTH = "Depth: 1\r\n"
BODY = (
    b'<?xml version="1.0"?><propfind xmlns="DAV:"><prop>'
    b"<resourcetype/><getcontentlength/><getlastmodified/><getetag/></prop></propfind>"
)
"""What clients that synchronise ask of each member."""


class Client:
    """One connection to one server; each path stands beneath *root*."""

    def __init__(self, streams: tuple[asyncio.StreamReader, asyncio.StreamWriter], host: str, root: str) -> None:
        self._reader, self._writer = streams
        self._host, self._root = host, root
        self.authorization = ""
        self.origin = f"http://{host}"
        """What the server takes for its own address in a Destination header."""

    async def put(self, path: str, data: bytes) -> None:
        """Write a file."""
        await self._ask("PUT", path, data)

    async def get(self, path: str) -> int:
        """Read a file; return its size."""
        return await self._ask("GET", path)

    async def mkcol(self, path: str) -> None:
        """Make a folder."""
        await self._ask("MKCOL", path)

    async def move(self, path: str, to: str) -> None:
        """Move a file over another one."""
        await self._ask("MOVE", path, headers=f"Destination: {self.origin}{self._root}{to}\r\nOverwrite: T\r\n")

    async def propfind(self, path: str) -> int:
        """List a folder; return the size of the answer."""
        return await self._ask("PROPFIND", path, BODY, headers=f"{DEPTH}Content-Type: text/xml\r\n")

    async def _ask(self, method: str, path: str, data: bytes = b"", *, headers: str = "") -> int:
        head = f"{method} {self._root}{path} HTTP/1.1\r\nHost: {self._host}\r\n{self.authorization}{headers}"
        # None but those with a body says how long it is: some servers wait for the body of a GET otherwise.
        if data or method == "PUT":
            head += f"Content-Length: {len(data)}\r\n"
        self._writer.write(f"{head}\r\n".encode() + (data if len(data) <= _PIECE else b""))
        if len(data) > _PIECE:
            view = memoryview(data)
            for start in range(0, len(data), _PIECE):
                self._writer.write(view[start : start + _PIECE])
                await self._writer.drain()
        return await self._answered(f"{method} {path}")

    async def _answered(self, asked: str) -> int:
        lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(lines[0].split()[1])
        if not 200 <= status < 300:
            raise RuntimeError(f"{asked}: {lines[0]}")
        found = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        if found.get("transfer-encoding", "").lower() == "chunked":
            return await self._chunks()
        return await self._skip(0 if status == 204 else int(found.get("content-length", "0")))

    async def _chunks(self) -> int:
        size = 0
        while length := int(await self._reader.readuntil(b"\r\n"), 16):
            size += await self._skip(length)
            await self._skip(2)
        await self._skip(2)
        return size

    async def _skip(self, size: int) -> int:
        left = size
        while left:
            piece = await self._reader.read(min(left, _PIECE))
            if not piece:
                raise ConnectionResetError
            left -= len(piece)
        return size


@asynccontextmanager
async def connected(port: int, *, root: str, authorization: str = "", origin: str = "") -> AsyncIterator[Client]:
    """Open a connection."""
    streams = await asyncio.open_connection("127.0.0.1", port, limit=4 * _PIECE)
    client = Client(streams, f"127.0.0.1:{port}", root)
    client.authorization = authorization
    client.origin = origin or client.origin
    try:
        yield client
    finally:
        streams[1].close()
