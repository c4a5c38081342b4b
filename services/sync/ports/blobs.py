"""What sync needs of a blob store. What it is given is sealed already."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

Piece = bytes | memoryview


class BlobReader(Protocol):
    """An open blob. When it is deleted meanwhile, a read gives its bytes or ContentDamagedError, never other bytes.

    A blob is deleted long after its last user went (READERS_GRACE), so that this meets few who read.
    """

    async def read(self, offset: int, size: int) -> bytes:
        """Return *size* bytes from *offset*; fewer only where the blob ends."""
        ...

    async def read_into(self, buffer: memoryview, offset: int) -> memoryview:
        """Fill *room* from *offset*; return the part of it that was filled, less than all only where the blob ends.

        For who reads a large blob to its end: it spares fresh memory for each piece.
        """
        ...


class Blobs(Protocol):
    """Keeps blobs by id; an id is used once."""

    async def write(self, blob: str, pieces: AsyncIterator[Piece]) -> None:
        """Keep what *pieces* yields; it is durable when this returns, and nothing of it is there when this raises.

        A piece is used before the next one is asked for: its memory may then be used again.
        """
        ...

    def open(self, blob: str) -> AbstractAsyncContextManager[BlobReader]:
        """Open a blob; ContentDamagedError when it is not there."""
        ...

    async def delete(self, blob: str) -> None:
        """Destroy a blob, and what a crash left of writing it; one that is not there is no error."""
        ...
