"""Blobs as files in a folder."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Self

from services.sync.errors import CorruptContentError
from services.sync.ports.blobs import Piece
from shared.cancellation import finish_before_cancel

_TEMPORARY_FOLDER = "unfinished"


class FolderBlobs:
    """Stores each blob as a file: written under a temporary name, flushed to disk, then renamed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def write(self, blob: str, pieces: AsyncIterator[Piece]) -> None:
        """Write *pieces* to a file that gets its name once it is complete and on disk."""
        uow = self._temporary_path(blob)
        file = await asyncio.to_thread(_create_file, uow)
        try:
            async for piece in pieces:
                await finish_before_cancel(asyncio.to_thread(_write_all, file, piece))
            await finish_before_cancel(asyncio.to_thread(_commit_file, file, uow, self._final_path(blob)))
        except BaseException:
            # Also on cancellation: an interrupted upload leaves no file.
            uow.unlink(missing_ok=True)
            raise
        finally:
            os.close(file)

    @asynccontextmanager
    async def open(self, blob: str) -> AsyncIterator["_FileReader"]:
        """Open the file."""
        reader = await asyncio.to_thread(_FileReader.open, self._final_path(blob))
        try:
            yield reader
        finally:
            reader.close()

    async def delete(self, blob: str) -> None:
        """Unlink the file; readers that have it open are not affected."""
        await asyncio.to_thread(_delete_files, self._temporary_path(blob), self._final_path(blob))

    def _final_path(self, blob: str) -> Path:
        return self._folder / blob[-2:] / blob

    def _temporary_path(self, blob: str) -> Path:
        return self._folder / _TEMPORARY_FOLDER / blob


class _FileReader:
    def __init__(self, file: int) -> None:
        self._file = file

    @classmethod
    def open(cls, path: Path) -> Self:
        try:
            return cls(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        except FileNotFoundError as fault:
            raise CorruptContentError from fault

    async def read(self, offset: int, size: int) -> bytes:
        return await asyncio.to_thread(os.pread, self._file, size, offset)

    async def read_into(self, buffer: memoryview, offset: int) -> memoryview:
        return buffer[: await asyncio.to_thread(os.preadv, self._file, [buffer], offset)]

    def close(self) -> None:
        os.close(self._file)


def _create_file(temporary: Path) -> int:
    temporary.parent.mkdir(parents=True, exist_ok=True)
    return os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)


def _write_all(file: int, piece: Piece) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(file, rest) :]


def _commit_file(file: int, temporary: Path, final: Path) -> None:
    os.fsync(file)
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary.rename(final)
    # The rename is durable only once the folder is flushed.
    for folder in (final.parent, final.parent.parent):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _delete_files(*paths: Path) -> None:
    for path in paths:
        with suppress(FileNotFoundError):
            path.unlink()
