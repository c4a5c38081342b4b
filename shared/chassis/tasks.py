"""Supervises the tasks of a process: restarts failed ones and awaits all of them at shutdown."""

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
"""A task that ran this many seconds has recovered: the failure counter starts again."""


class TaskSupervisor:
    """Runs tasks until the context exits; a failed task makes the process not ready until it runs again."""

    def __init__(self, health: Health, *, stop_last: str = "") -> None:
        """*stop_last* names the task that runs until all others have finished."""
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
        """Cancel all tasks except the last one; they clean up."""
        for task in self._all_but_last():
            if not task.cancelling():  # a second cancel would interrupt its clean-up
                task.cancel()

    def _all_but_last(self) -> list[asyncio.Task[None]]:
        return [task for task in self._running if task.get_name() != self._last]

    def run_forever(self, name: str, work: TaskFunction) -> None:
        """Run *work* for the lifetime of the process."""
        self._init_failure_counter(name)
        self._running.append(asyncio.create_task(self._run_forever(name, work), name=name))

    def run_until_success(self, name: str, work: TaskFunction) -> None:
        """Run *work* until it has succeeded once."""
        self._init_failure_counter(name)
        self._running.append(asyncio.create_task(self._run_until_success(name, work), name=name))

    @staticmethod
    def _init_failure_counter(name: str) -> None:
        # Start at 0: increase() needs an earlier sample, so without it the first failure would not alert.
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
            started_at = monotonic()
            # Ready only after one second, so that a task that fails at once stays "not ready".
            up = asyncio.get_running_loop().call_later(1.0, lambda: self._health.set_status(name, ok=True))
            fault = await _run_and_catch(work)
            up.cancel()
            failures = 1 if monotonic() - started_at > BACKOFF_RESET else failures + 1
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
    # gather() returns any exception without a broad except clause.
    [error] = await asyncio.gather(work(), return_exceptions=True)
    return error
