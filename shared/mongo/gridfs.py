"""Stores files too large for a document in the GridFS layout, so that GridFS tools can read them.

It does not use the drivers' GridFS classes: here both collections have closed validators like all others (C01), and
both drivers write them in the same way.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from typing import ClassVar

from pydantic import Field

from shared.cancellation import finish_before_cancel
from shared.clock import Clock
from shared.errors import UnavailableError
from shared.mongo.database import Database
from shared.mongo.document import Document, Index


class GridFsFileDocument(Document):
    """A complete file (``<bucket>.files``); a service declares a subclass that names the collection."""

    length: int
    chunk_size: int = Field(alias="chunkSize")
    upload_date: datetime = Field(alias="uploadDate")


class GridFsChunkDocument(Document):
    """The *n*-th chunk of a file (``<bucket>.chunks``); a service declares a subclass that names the collection."""

    indexes: ClassVar[tuple[Index, ...]] = (Index("files_id", "n", unique=True),)

    files_id: str
    n: int
    data: bytes


class CorruptFileError(Exception):
    """A chunk is missing or too short: the file was deleted during the read, or altered."""


class GridFs:
    """Stores files by id; ids are never reused. All chunks of a file but the last have *chunk_size* bytes."""

    def __init__(
        self,
        database: Database,
        file: type[GridFsFileDocument],
        chunk: type[GridFsChunkDocument],
        *,
        chunk_size: int,
        clock: Clock,
    ) -> None:
        self._file, self._chunk, self._size, self._clock = file, chunk, chunk_size, clock
        self._files, self._chunks = database.get_collection(file), database.get_collection(chunk)

    async def write(self, key: str, pieces: AsyncIterator[bytes | memoryview]) -> None:
        """Store *pieces* as a file. On return it is on a majority of the servers; it is invisible before.

        On an error nothing remains unless the database is unavailable; then ``delete`` removes the remains.
        """
        try:
            length = await self._write_chunks(key, pieces)
            row = self._file(id=key, length=length, chunk_size=self._size, upload_date=self._clock())
            await finish_before_cancel(self._files.insert_one(row))
        except BaseException:
            with suppress(UnavailableError):
                await finish_before_cancel(self.delete(key))
            raise

    async def _write_chunks(self, key: str, pieces: AsyncIterator[bytes | memoryview]) -> int:
        buffer, n, length = bytearray(), 0, 0
        async for piece in pieces:
            buffer += piece
            length += len(piece)
            while len(buffer) >= self._size:
                await self._write_chunk(key, n, bytes(buffer[: self._size]))
                del buffer[: self._size]
                n += 1
        if buffer:
            await self._write_chunk(key, n, bytes(buffer))
        return length

    async def _write_chunk(self, key: str, n: int, data: bytes) -> None:
        # Finished even when cancelled: a chunk must not arrive after the clean-up.
        await finish_before_cancel(self._chunks.insert_one(self._chunk(id=f"{key}:{n}", files_id=key, n=n, data=data)))

    async def get(self, key: str) -> GridFsFileDocument | None:
        """Return the metadata of a complete file, or None."""
        return await self._files.get(key)

    async def read(self, file: GridFsFileDocument, offset: int, size: int) -> bytes:
        """Return *size* bytes from *offset*, fewer only at the end of the file; reads only the chunks needed."""
        stop = min(offset + size, file.length)
        if offset >= stop:
            return b""
        first, last = offset // file.chunk_size, (stop - 1) // file.chunk_size
        where = {"files_id": file.id, "n": {"$gte": first, "$lte": last}}
        rows = await self._chunks.list(where, sort=["n"])
        found = b"".join(row.data for row in rows)
        begin = first * file.chunk_size
        if [row.n for row in rows] != list(range(first, last + 1)) or len(found) < stop - begin:
            raise CorruptFileError
        return found[offset - begin : stop - begin]

    async def delete(self, key: str) -> None:
        """Delete a file, or the chunks that a crash left while it was written; a missing file is not an error."""
        await self._files.delete_many({"_id": key})
        await self._chunks.delete_many({"files_id": key})

    async def list_ids(self, *, after: str, limit: int) -> list[str]:
        """Return up to *limit* ids of complete files that sort after *after*, in order."""
        return [row.id for row in await self._files.list({"_id": {"$gt": after}}, sort=["_id"], limit=limit)]
