"""Makes the next piece while one is used: what arrives is sealed while it is written, opened while it is sent."""

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

T = TypeVar("T")


async def prefetch_one(pieces: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Yield *pieces*, each made in a task of its own while the one before it is used: two are in memory.

    Whoever leaves it early closes it (``aclosing``): by then nothing is being made any more.
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
