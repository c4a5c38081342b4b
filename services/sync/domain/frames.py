"""Contents are sealed in frames of 1 MiB: which frames hold which bytes, and where they lie."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import cycle

FRAME = 1 << 20
"""Bytes of content in each frame but the last."""

OVERHEAD = 16
"""Bytes that sealing adds to a frame."""

SEALED_FRAME = FRAME + OVERHEAD

INLINE = 64 << 10
"""Contents up to this size are kept in the node itself."""


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from *start* up to and without *stop*."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.stop - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame of a content: where it lies sealed, and which of its bytes are wanted."""

    index: int
    last: bool
    offset: int
    sealed_size: int
    wanted: slice


def frame_count(size: int) -> int:
    """Return how many frames a content of *size* bytes has; an empty one has one, so that nothing can be cut away."""
    return max(1, -(-size // FRAME))


def frames_of(span: Span, size: int) -> Iterator[Frame]:
    """Return the frames that hold *span* of a content of *size* bytes."""
    count = frame_count(size)
    final = max(span.stop - 1, span.start) // FRAME
    for index in range(span.start // FRAME, min(final, count - 1) + 1):
        begin = index * FRAME
        yield Frame(
            index=index,
            last=index == count - 1,
            offset=index * SEALED_FRAME,
            sealed_size=min(size - begin, FRAME) + OVERHEAD,
            wanted=slice(max(span.start - begin, 0), min(span.stop - begin, FRAME)),
        )


async def filled(head: bytes, chunks: AsyncIterator[bytes]) -> AsyncGenerator[tuple[memoryview, bool], None]:
    """Yield what begins with *head* and goes on with *chunks* frame by frame, and of each whether it is the last.

    Two buffers take turns, since fresh memory costs more than sealing what it holds: a frame is there until the next
    but one is asked for.
    """
    buffers = cycle(memoryview(bytearray(FRAME)) for _ in range(2))
    frame, size = next(buffers), 0
    async for chunk in _preceded(head, chunks):
        rest = memoryview(chunk)
        while rest:
            if size == FRAME:
                yield frame, False
                frame, size = next(buffers), 0
            some = rest[: FRAME - size]
            frame[size : size + len(some)] = some
            size, rest = size + len(some), rest[len(some) :]
    yield frame[:size], True


async def _preceded(head: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head
    async for chunk in chunks:
        yield chunk
