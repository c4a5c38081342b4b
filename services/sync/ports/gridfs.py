"""Blobs in sync's own database, in the layout of GridFS: shared by all replicas of a cluster."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from services.sync.errors import CorruptContentError
from services.sync.ports.blobs import Piece
from shared.mongo import CorruptFileError, GridFs, GridFsFileDocument


class GridFsBlobs:
    """Stores each blob as chunks; it exists once its file document does, which is written last."""

    def __init__(self, grid_fs: GridFs) -> None:
        self._grid_fs = grid_fs

    async def write(self, blob: str, pieces: AsyncIterator[Piece]) -> None:
        """Write *pieces* chunk by chunk, then the file document."""
        await self._grid_fs.write(blob, pieces)

    @asynccontextmanager
    async def open(self, blob: str) -> AsyncIterator["_ChunkReader"]:
        """Find the file; its chunks are read on demand."""
        file = await self._grid_fs.get(blob)
        if file is None:
            raise CorruptContentError
        yield _ChunkReader(self._grid_fs, file)

    async def delete(self, blob: str) -> None:
        """Delete the file document, then the chunks; a running read fails with CorruptContentError."""
        await self._grid_fs.delete(blob)


@dataclass(frozen=True, slots=True)
class _ChunkReader:
    grid_fs: GridFs
    file: GridFsFileDocument

    async def read(self, offset: int, size: int) -> bytes:
        try:
            return await self.grid_fs.read(self.file, offset, size)
        except CorruptFileError as fault:
            raise CorruptContentError from fault

    async def read_into(self, buffer: memoryview, offset: int) -> memoryview:
        data = await self.read(offset, len(buffer))
        buffer[: len(data)] = data
        return buffer[: len(data)]
