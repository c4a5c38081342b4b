"""Blobs as files in a folder."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Self

from services.sync.errors import ContentDamagedError
from services.sync.ports.blobs import Piece
from shared.cancelling import settled

_TMP = "unfinished"


class FolderBlobs:
    """Keeps each blob as a file: written beside, flushed to the disk, then named."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def write(self, blob: str, pieces: AsyncIterator[Piece]) -> None:
        """Write *pieces* to a file that gets its name once it is whole and on the disk."""
        draft = self._draft(blob)
        file = await asyncio.to_thread(_created, draft)
        try:
            async for piece in pieces:
                await settled(asyncio.to_thread(_write_all, file, piece))
            await settled(asyncio.to_thread(_finish, file, draft, self._place(blob)))
        except BaseException:
            # Also when cancelled: an upload that was broken off leaves nothing.
            draft.unlink(missing_ok=True)
            raise
        finally:
            os.close(file)

    @asynccontextmanager
    async def open(self, blob: str) -> AsyncIterator["_FileReader"]:
        """Open the file."""
        reader = await asyncio.to_thread(_FileReader.opened, self._place(blob))
        try:
            yield reader
        finally:
            reader.close()

    async def delete(self, blob: str) -> None:
        """Unlink the file; who has it open reads on."""
        await asyncio.to_thread(_unlink, self._draft(blob), self._place(blob))

    def _place(self, blob: str) -> Path:
        return self._folder / blob[-2:] / blob

    def _draft(self, blob: str) -> Path:
        return self._folder / _TMP / blob


class _FileReader:
    def __init__(self, file: int) -> None:
        self._file = file

    @classmethod
    def opened(cls, path: Path) -> Self:
        try:
            return cls(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        except FileNotFoundError as fault:
            raise ContentDamagedError from fault

    async def read(self, offset: int, size: int) -> bytes:
        return await asyncio.to_thread(os.pread, self._file, size, offset)

    async def read_into(self, room: memoryview, offset: int) -> memoryview:
        return room[: await asyncio.to_thread(os.preadv, self._file, [room], offset)]

    def close(self) -> None:
        os.close(self._file)


def _created(draft: Path) -> int:
    draft.parent.mkdir(parents=True, exist_ok=True)
    return os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)


def _write_all(file: int, piece: Piece) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(file, rest) :]


def _finish(file: int, draft: Path, place: Path) -> None:
    os.fsync(file)
    place.parent.mkdir(parents=True, exist_ok=True)
    draft.rename(place)
    # The name is on the disk only once the folder is.
    for folder in (place.parent, place.parent.parent):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _unlink(*paths: Path) -> None:
    for path in paths:
        with suppress(FileNotFoundError):
            path.unlink()
