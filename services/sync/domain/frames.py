"""Contents are sealed in frames of 1 MiB: which frames hold which bytes, and their offsets."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import cycle

FRAME_SIZE = 1 << 20
"""Bytes of content in each frame but the last."""

FRAME_OVERHEAD = 16
"""Bytes that sealing adds to a frame."""

SEALED_FRAME_SIZE = FRAME_SIZE + FRAME_OVERHEAD

MAX_INLINE_SIZE = 64 << 10
"""Contents up to this size are stored in the database."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from *start* up to, not including, *stop*."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.stop - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentFrame:
    """One sealed frame of a content, and which of its bytes are needed."""

    index: int
    is_last: bool
    offset: int
    sealed_size: int
    selection: slice


def count_frames(size: int) -> int:
    """Return how many frames *size* bytes have; an empty content has one, so that a truncated blob never opens."""
    return max(1, -(-size // FRAME_SIZE))


def iter_frames(byte_range: ByteRange, size: int) -> Iterator[ContentFrame]:
    """Return the frames that hold *byte_range* of a content of *size* bytes."""
    count = count_frames(size)
    final = max(byte_range.stop - 1, byte_range.start) // FRAME_SIZE
    for index in range(byte_range.start // FRAME_SIZE, min(final, count - 1) + 1):
        begin = index * FRAME_SIZE
        yield ContentFrame(
            index=index,
            is_last=index == count - 1,
            offset=index * SEALED_FRAME_SIZE,
            sealed_size=min(size - begin, FRAME_SIZE) + FRAME_OVERHEAD,
            selection=slice(max(byte_range.start - begin, 0), min(byte_range.stop - begin, FRAME_SIZE)),
        )


async def into_frames(head: bytes, chunks: AsyncIterator[bytes]) -> AsyncGenerator[tuple[memoryview, bool], None]:
    """Yield the frames of a body that begins with *head*, each with whether it is the last.

    Two buffers alternate, since fresh memory costs more than sealing what it holds: a frame is valid until the second
    next one is requested.
    """
    buffers = cycle(memoryview(bytearray(FRAME_SIZE)) for _ in range(2))
    frame, size = next(buffers), 0
    async for chunk in _prepend(head, chunks):
        rest = memoryview(chunk)
        while rest:
            if size == FRAME_SIZE:
                yield frame, False
                frame, size = next(buffers), 0
            some = rest[: FRAME_SIZE - size]
            frame[size : size + len(some)] = some
            size, rest = size + len(some), rest[len(some) :]
    yield frame[:size], True


async def _prepend(head: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head
    async for chunk in chunks:
        yield chunk
