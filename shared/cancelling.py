"""What must be over before a cancelled task goes on."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def settled(operation: Awaitable[T]) -> T:
    """Await *operation*; when cancelled, leave only once it is over and can touch nothing any more.

    What runs in a thread goes on when its task is cancelled, and a server may have read what a closed connection sent:
    a file that is closed before its write is over may be another file by then, and an abort that overtakes the first
    step of a transaction would leave one that nobody ends.
    """
    task = asyncio.ensure_future(operation)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # seen: it changes nothing any more
        raise
