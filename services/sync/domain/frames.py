"""Contents are sealed in frames of 1 MiB: which frames hold which bytes, and where they lie."""

from collections.abc import Iterator
from dataclasses import dataclass

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
