"""Prefetching of one item: a body is sealed while it is written to disk, and opened while it is sent."""

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

T = TypeVar("T")


async def prefetch_one(pieces: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Yield *pieces*, each produced in its own task while the one before it is used; at most two are in memory.

    A caller that stops early must close it (``aclosing``): no task is running afterwards.
    """
    making = asyncio.ensure_future(anext(pieces, None))
    try:
        while (piece := await making) is not None:
            making = asyncio.ensure_future(anext(pieces, None))
            yield piece
    finally:
        making.cancel()
        await asyncio.gather(making, return_exceptions=True)
        await pieces.aclose()
