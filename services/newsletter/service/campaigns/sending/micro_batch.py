"""Micro-batches: calls that wait at the same time share one round trip to the database."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_PATIENCE = 0.008
"""Seconds for which a run waits for more items. A statement costs as much as ten rows of it."""
_CROWD = 4
"""Only a run after one with more items waits: a single connection would wait for itself."""


class MicroBatch(Generic[T, R]):
    """Runs *work* over the items that have arrived since it began last; one run at a time, so order is kept."""

    def __init__(self, work: Callable[[Sequence[T]], Awaitable[Sequence[R]]]) -> None:
        """*work* returns one result for each item."""
        self._work = work
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._task: asyncio.Task[None] | None = None
        self._last_size = 0

    def submit(self, item: T) -> "asyncio.Future[R]":
        """Return the future result for *item*, in its place in the order; it raises what the run has raised."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return future

    async def close(self) -> None:
        """Finish what has been submitted."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while self._waiting:
            if _CROWD < self._last_size > len(self._waiting):
                await asyncio.sleep(_PATIENCE)
            group, self._waiting = self._waiting, []
            self._last_size = len(group)
            # gather instead of except: whatever the run raises is passed to those who wait for it.
            [outcome] = await asyncio.gather(self._run_group(group), return_exceptions=True)
            if isinstance(outcome, BaseException):
                for _, future in group:
                    if not future.done():
                        future.set_exception(outcome)

    async def _run_group(self, group: Sequence[tuple[T, "asyncio.Future[R]"]]) -> None:
        results = await self._work([item for item, _ in group])
        for (_, future), result in zip(group, results, strict=True):
            if not future.done():
                future.set_result(result)
