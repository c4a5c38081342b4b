"""Tasks that are cancelled: what must be over before they go on, and what must not hold them."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def finish_before_cancel(operation: Awaitable[T]) -> T:
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


async def reraise_cancel(operation: Awaitable[T]) -> T:
    """Await *operation*; a cancellation that it has swallowed is raised as soon as it is over.

    Before Python 3.12 ``asyncio.wait_for``, which drivers use, swallows one that comes in the moment in which what it
    waits for is done (python/cpython#86296): whoever has cancelled would wait for ever.
    """
    task = asyncio.current_task()
    assert task is not None
    before = task.cancelling()
    try:
        return await operation
    finally:
        if task.cancelling() > before:
            raise asyncio.CancelledError
