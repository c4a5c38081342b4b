"""The port for blob stores. Everything they store is sealed already."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

Piece = bytes | memoryview


class BlobReader(Protocol):
    """An open blob. If it is deleted during a read, the read returns its bytes or raises CorruptContentError.

    A blob is deleted long after its last use (BLOB_GRACE), so few reads meet this.
    """

    async def read(self, offset: int, size: int) -> bytes:
        """Return *size* bytes from *offset*; fewer only at the end of the blob."""
        ...

    async def read_into(self, buffer: memoryview, offset: int) -> memoryview:
        """Fill *buffer* from *offset*; return the filled part, shorter only at the end of the blob.

        A reader of a whole large blob needs no fresh memory for each piece.
        """
        ...


class Blobs(Protocol):
    """Stores blobs by id; an id is used once."""

    async def write(self, blob: str, pieces: AsyncIterator[Piece]) -> None:
        """Store what *pieces* yields. It is durable when this returns; when this raises, nothing of it is left.

        A piece is used before the next one is requested, so its memory may be reused.
        """
        ...

    def open(self, blob: str) -> AbstractAsyncContextManager[BlobReader]:
        """Open a blob; CorruptContentError when it does not exist."""
        ...

    async def delete(self, blob: str) -> None:
        """Delete a blob and what a crash left of writing it; a missing one is no error."""
        ...
