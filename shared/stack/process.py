"""Supervises one child process: starts it, waits until it is ready, restarts it after a crash, stops it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Literal

from shared.backoff import Backoff
from shared.clock import monotonic

ReadinessCheck = Callable[[], Awaitable[str | None]]
"""Checks once: None when the part is ready, else a short reason."""
ProcessState = Literal["starting", "ready", "restarting", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessEvent:
    """A state change of one child process."""

    name: str
    state: ProcessState
    pid: int
    log: str
    detail: str = ""


ProcessListener = Callable[[ProcessEvent], None]
"""Called with each state change of a child process."""

_POLL_INTERVAL = 0.2
_UNREADY_STOP_TIMEOUT = 8.0
"""Seconds to stop for a part that was never ready: it has no work to finish, and a booting broker ignores SIGTERM."""
_BACKOFF = Backoff(0.5, 10.0)
_BACKOFF_RESET = 60.0
"""A child that ran this many seconds has recovered: the crash counter starts again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """What to run, where its output goes, and how to check that it is ready."""

    name: str
    argv: tuple[str, ...]
    log: Path
    cwd: Path
    check_ready: ReadinessCheck
    env: Mapping[str, str]
    start_timeout: float = 60.0
    stop_timeout: float = 30.0
    after_crash: Callable[[], Awaitable[None]] | None = None
    """Cleans up what a crashed process left behind in other parts, before it is restarted."""


class PartFailedError(Exception):
    """A part did not become ready: which one, why, and the last lines of its log."""

    def __init__(self, name: str, reason: str, log: Path) -> None:
        super().__init__(f"{name} {reason}")
        self.name = name
        self.reason = reason
        self.log = log
        self.tail = read_last_lines(log)


def read_last_lines(log: Path, count: int = 12) -> list[str]:
    """Return the last *count* relevant lines of *log*, each cut to 300 characters."""
    if not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 65_536))
        lines = file.read().decode("utf-8", "replace").splitlines()
    # Our own readiness checks fill the log of a service that waits for its dependencies.
    relevant = [line[:300] for line in lines if line.strip() and "core.service.not_ready" not in line]
    return relevant[-count:]


def ignore_event(_: ProcessEvent) -> None:
    """Ignore the event: the default listener."""


@asynccontextmanager
async def run_supervised(spec: ProcessSpec, listener: ProcessListener = ignore_event) -> AsyncIterator["ChildProcess"]:
    """Run the process while the context is open: ready on entry, restarted after a crash, stopped on exit.

    Raises PartFailedError when it is not ready in time or exits before.
    """
    child = ChildProcess(spec, listener)
    restarter: asyncio.Task[None] | None = None
    _rotate_log(spec.log)
    try:
        await child.start("starting")
        restarter = asyncio.create_task(child.restart_on_exit(), name=f"restart-{spec.name}")
        yield child
    finally:
        if restarter is not None:
            restarter.cancel()
            with suppress(asyncio.CancelledError):
                await restarter
        await child.stop()


class ChildProcess:
    """The running process of one ProcessSpec, in a process group of its own."""

    def __init__(self, spec: ProcessSpec, listener: ProcessListener) -> None:
        self.command = spec
        self._listener = listener
        self._process: asyncio.subprocess.Process | None = None
        self._missing = ""
        self._was_ready = False

    @property
    def pid(self) -> int:
        """The id of the running process, which is also its group id; 0 when none runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else 0

    async def start(self, state: ProcessState) -> None:
        """Start the process and wait until it is ready."""
        self._was_ready = False
        self._process = await self._spawn()
        self._notify(state)
        try:
            async with asyncio.timeout(self.command.start_timeout):
                await self._become_ready(self._process)
        except TimeoutError as late:
            await self.stop()
            raise self._build_error(
                f"was not ready within {self.command.start_timeout:g} s ({self._missing})"
            ) from late
        self._was_ready = True
        self._notify("ready")

    async def restart_on_exit(self) -> None:
        """Restart the process whenever it exits, after a delay that grows with each crash."""
        crashes = 0
        while self._process is not None:
            since = monotonic()
            reason = _describe_exit(await self._process.wait())
            self._signal_group(signal.SIGKILL)
            crashes = 1 if monotonic() - since > _BACKOFF_RESET else crashes + 1
            self._notify("restarting", reason)
            if self.command.after_crash is not None:
                await self.command.after_crash()
            await asyncio.sleep(_BACKOFF.delay_seconds(crashes))
            with suppress(PartFailedError):
                await self.start("restarting")

    async def stop(self) -> None:
        """Send SIGTERM, and after the timeout SIGKILL to the whole process group."""
        process = self._process
        if process is None:
            return
        with suppress(ProcessLookupError, TimeoutError):
            process.send_signal(signal.SIGTERM)
            within = (
                self.command.stop_timeout if self._was_ready else min(self.command.stop_timeout, _UNREADY_STOP_TIMEOUT)
            )
            await asyncio.wait_for(process.wait(), within)
        self._signal_group(signal.SIGKILL)
        await process.wait()
        self._notify("stopped")

    async def _spawn(self) -> asyncio.subprocess.Process:
        # setpriv: the kernel kills the child when the supervisor dies, even by SIGKILL. A preexec_fn could deadlock
        # in a process with threads. In its own session the child does not receive the terminal's Ctrl-C.
        with self.command.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *DIES_WITH_PARENT,
                *self.command.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                env=dict(self.command.env),
                cwd=self.command.cwd,
                start_new_session=True,
            )

    async def _become_ready(self, process: asyncio.subprocess.Process) -> None:
        while process.returncode is None:
            missing = await self.command.check_ready()
            if missing is None:
                return
            self._missing = missing
            await asyncio.sleep(_POLL_INTERVAL)
        raise self._build_error(f"exited before it was ready ({_describe_exit(process.returncode)})")

    def _build_error(self, reason: str) -> PartFailedError:
        return PartFailedError(self.command.name, reason, self.command.log)

    def _notify(self, state: ProcessState, detail: str = "") -> None:
        command = self.command
        self._listener(ProcessEvent(name=command.name, state=state, pid=self.pid, log=str(command.log), detail=detail))

    def _signal_group(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)


DIES_WITH_PARENT = (which("setpriv") or "/usr/bin/setpriv", "--pdeathsig", "KILL", "--")
"""Starts a command that the kernel kills when the supervisor dies."""


def _rotate_log(log: Path) -> None:
    """Keep the log of the previous run and none older."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if log.exists():
        log.replace(log.with_suffix(".old.log"))


def _describe_exit(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
