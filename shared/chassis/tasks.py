"""The tasks of a process: each has an owner that watches it, begins it anew when it fails, and waits for its end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self

from shared import observe
from shared.clock import monotonic
from shared.errors import UnavailableError
from shared.ids import jitter
from shared.web import Health

log = observe.logger(__name__)
_failures = observe.counter("task_failures_total", "Tasks that failed and were begun anew.", ("task",))

Work = Callable[[], Awaitable[None]]

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0
STEADY_AFTER = 60.0
"""A task that ran this many seconds has recovered: its next failure is the first again."""


class Tasks:
    """Runs tasks until the context ends; one that fails takes the process out of the balance until it runs again."""

    def __init__(self, health: Health, *, last: str = "") -> None:
        """*last* names the task that runs until all the others have ended."""
        self._health, self._last = health, last
        self._running: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stop()
        await asyncio.gather(*self._but_last(), return_exceptions=True)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def stop(self) -> None:
        """Begin to stop: each task cleans up from now on, except for the last one."""
        for task in self._but_last():
            if not task.cancelling():  # to cancel it again would break off its cleaning up
                task.cancel()

    def _but_last(self) -> list[asyncio.Task[None]]:
        return [task for task in self._running if task.get_name() != self._last]

    def keep(self, name: str, work: Work) -> None:
        """Run *work* for as long as the process runs."""
        self._counted(name)
        self._running.append(asyncio.create_task(self._keep(name, work), name=name))

    def once(self, name: str, work: Work) -> None:
        """Run *work* until it has succeeded once."""
        self._counted(name)
        self._running.append(asyncio.create_task(self._until_done(name, work), name=name))

    @staticmethod
    def _counted(name: str) -> None:
        # From 0: an increase is seen only of what was there before, so the first failure would count for nothing.
        _failures.labels(name)

    async def _until_done(self, name: str, work: Work) -> None:
        pause = FIRST_PAUSE
        while (fault := await _fault_of(work)) is not None:
            self._told(name, fault)
            await asyncio.sleep(jitter(pause))
            pause = min(2 * pause, LONGEST_PAUSE)
        self._health.set(name, ok=True)

    async def _keep(self, name: str, work: Work) -> None:
        pause = FIRST_PAUSE
        while True:
            began = monotonic()
            # A task that fails again at once stays "not ready": it counts as there after its first second.
            up = asyncio.get_running_loop().call_later(1.0, lambda: self._health.set(name, ok=True))
            fault = await _fault_of(work)
            up.cancel()
            pause = FIRST_PAUSE if monotonic() - began > STEADY_AFTER else min(2 * pause, LONGEST_PAUSE)
            self._told(name, fault)
            await asyncio.sleep(jitter(pause))

    def _told(self, name: str, fault: BaseException | None) -> None:
        why = type(fault).__name__ if fault is not None else "has ended"
        self._health.set(name, ok=False, why=why)
        _failures.labels(name).inc()
        if isinstance(fault, UnavailableError):
            log.warning("task.waits", task=name, code=fault.code)
        else:
            log.error("task.failed", task=name, why=why, exc_info=fault)


async def _fault_of(work: Work) -> BaseException | None:
    # Gathered, not caught: whatever a task raises is its owner's to answer, and a broad except is not needed for it.
    [outcome] = await asyncio.gather(work(), return_exceptions=True)
    return outcome
