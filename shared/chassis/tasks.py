"""Supervises the tasks of a process: restarts a task that fails, and awaits each at the end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self

from shared import observe
from shared.backoff import Backoff
from shared.clock import monotonic
from shared.errors import UnavailableError
from shared.web import Health

log = observe.get_logger(__name__)
_task_failures = observe.counter("candor_task_failures_total", "Tasks that failed and were restarted.", ("task",))

TaskFunction = Callable[[], Awaitable[None]]

BACKOFF = Backoff(0.5, 10.0)
BACKOFF_RESET = 60.0
"""A task that ran this many seconds has recovered: its next failure is the first again."""


class TaskSupervisor:
    """Runs tasks until the context ends; one that fails takes the process out of the balance until it runs again."""

    def __init__(self, health: Health, *, stop_last: str = "") -> None:
        """*last* names the task that runs until all the others have ended."""
        self._health, self._last = health, stop_last
        self._running: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stop()
        await asyncio.gather(*self._all_but_last(), return_exceptions=True)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def stop(self) -> None:
        """Begin to stop: each task cleans up from now on, except for the last one."""
        for task in self._all_but_last():
            if not task.cancelling():  # to cancel it again would break off its cleaning up
                task.cancel()

    def _all_but_last(self) -> list[asyncio.Task[None]]:
        return [task for task in self._running if task.get_name() != self._last]

    def run_forever(self, name: str, work: TaskFunction) -> None:
        """Run *work* for as long as the process runs."""
        self._init_failure_counter(name)
        self._running.append(asyncio.create_task(self._run_forever(name, work), name=name))

    def run_until_success(self, name: str, work: TaskFunction) -> None:
        """Run *work* until it has succeeded once."""
        self._init_failure_counter(name)
        self._running.append(asyncio.create_task(self._run_until_success(name, work), name=name))

    @staticmethod
    def _init_failure_counter(name: str) -> None:
        # From 0: an increase is seen only of what was there before, so the first failure would count for nothing.
        _task_failures.labels(name)

    async def _run_until_success(self, name: str, work: TaskFunction) -> None:
        failures = 0
        while (fault := await _run_and_catch(work)) is not None:
            self._record_failure(name, fault)
            failures += 1
            await asyncio.sleep(BACKOFF.delay_seconds(failures))
        self._health.set_status(name, ok=True)

    async def _run_forever(self, name: str, work: TaskFunction) -> None:
        failures = 0
        while True:
            began = monotonic()
            # A task that fails again at once stays "not ready": it counts as there after its first second.
            up = asyncio.get_running_loop().call_later(1.0, lambda: self._health.set_status(name, ok=True))
            fault = await _run_and_catch(work)
            up.cancel()
            failures = 1 if monotonic() - began > BACKOFF_RESET else failures + 1
            self._record_failure(name, fault)
            await asyncio.sleep(BACKOFF.delay_seconds(failures))

    def _record_failure(self, name: str, error: BaseException | None) -> None:
        why = type(error).__name__ if error is not None else "has ended"
        self._health.set_status(name, ok=False, reason=why)
        _task_failures.labels(name).inc()
        if isinstance(error, UnavailableError):
            log.warning("task.dependency_unavailable", task=name, code=error.code)
        else:
            log.error("task.failed", task=name, why=why, exc_info=error)


async def _run_and_catch(work: TaskFunction) -> BaseException | None:
    # Gathered, not caught: whatever a task raises is its owner's to answer, and a broad except is not needed for it.
    [outcome] = await asyncio.gather(work(), return_exceptions=True)
    return outcome
