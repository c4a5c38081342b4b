"""Blobs in sync's own database, in the layout of GridFS: what all replicas of a cluster share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from services.sync.errors import ContentDamagedError
from services.sync.ports.blobs import Piece
from shared.mongo import FileDamagedError, FileRow, Files


class GridFsBlobs:
    """Keeps each blob as chunks; it is there once its file's document is, which is written last."""

    def __init__(self, files: Files) -> None:
        self._files = files

    async def write(self, blob: str, pieces: AsyncIterator[Piece]) -> None:
        """Write *pieces* chunk by chunk, then that they are whole."""
        await self._files.write(blob, pieces)

    @asynccontextmanager
    async def open(self, blob: str) -> AsyncIterator["_ChunkReader"]:
        """Look the file up; its chunks are read when they are asked for."""
        file = await self._files.get(blob)
        if file is None:
            raise ContentDamagedError
        yield _ChunkReader(self._files, file)

    async def delete(self, blob: str) -> None:
        """Delete the file, then its chunks; who has it open is told that it is gone."""
        await self._files.delete(blob)


@dataclass(frozen=True, slots=True)
class _ChunkReader:
    files: Files
    file: FileRow

    async def read(self, offset: int, size: int) -> bytes:
        try:
            return await self.files.read(self.file, offset, size)
        except FileDamagedError as fault:
            raise ContentDamagedError from fault

    async def read_into(self, room: memoryview, offset: int) -> memoryview:
        data = await self.read(offset, len(room))
        room[: len(data)] = data
        return room[: len(data)]
