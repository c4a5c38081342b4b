"""Safe cancellation of asyncio tasks: wait for side effects to finish, and never lose a cancellation."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def finish_before_cancel(operation: Awaitable[T]) -> T:
    """Await *operation*; when cancelled, return only after it has finished and has no further side effects.

    A thread continues when its task is cancelled, and a server may still process the data of a closed connection. A
    file descriptor closed before its write finishes may already be another file. An abort that overtakes the first
    statement of a transaction would leave that transaction open.
    """
    task = asyncio.ensure_future(operation)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # retrieved, so that asyncio does not log it
        raise


async def reraise_cancel(operation: Awaitable[T]) -> T:
    """Await *operation*; if it swallowed a cancellation, raise CancelledError afterwards.

    Before Python 3.12 ``asyncio.wait_for``, which drivers use, swallows a cancellation that arrives just when its
    awaitable completes (python/cpython#86296): the canceller would wait endlessly.
    """
    task = asyncio.current_task()
    assert task is not None
    before = task.cancelling()
    try:
        return await operation
    finally:
        if task.cancelling() > before:
            raise asyncio.CancelledError
