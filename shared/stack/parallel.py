"""Enters several async context managers concurrently and leaves them group by group."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

Part = AbstractAsyncContextManager[Any]


@asynccontextmanager
async def enter_all(*groups: Sequence[Part]) -> AsyncIterator[None]:
    """Enter all parts at the same time; leave them by group, the last group first.

    No part waits for another: each must tolerate that its dependencies are not up yet. The error of the first part that
    fails to start is raised once all others have been left.
    """
    started: asyncio.Queue[asyncio.Task[None]] = asyncio.Queue()
    entered = [_PartGroup(parts, started) for parts in groups]
    try:
        for _ in range(sum(len(parts) for parts in groups)):
            task = await started.get()
            if task.done():
                await task
        yield
    finally:
        for group in reversed(entered):
            await group.exit_all()


class _PartGroup:
    def __init__(self, parts: Sequence[Part], started: "asyncio.Queue[asyncio.Task[None]]") -> None:
        self._stop = asyncio.Event()
        self._inside: set[asyncio.Task[None]] = set()
        # One task enters and leaves each part: cancel scopes and task groups must exit in the task that entered them.
        self._tasks = [asyncio.create_task(self._run_part(part, started)) for part in parts]
        for task in self._tasks:
            task.add_done_callback(started.put_nowait)

    async def exit_all(self) -> None:
        self._stop.set()
        for task in self._tasks:
            if task not in self._inside:
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run_part(self, part: Part, started: "asyncio.Queue[asyncio.Task[None]]") -> None:
        task = asyncio.current_task()
        assert task is not None
        async with part:
            self._inside.add(task)
            started.put_nowait(task)
            await self._stop.wait()
