"""The stack in the background: started as a separate process, watched until it is ready, stopped."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from shared.clock import monotonic
from shared.stack.console import ConsoleView
from shared.stack.directory import StackDirectory
from shared.stack.process import PartFailedError
from shared.stack.settings import ROOT, StackSettings
from shared.stack.status import StackStatus, StartFailure, read_status

_POLL_INTERVAL = 0.2
_STOP_TIMEOUT = 60.0
"""Seconds a stack may take to stop: services have 25 s, then the parts below them."""


def start_stack(settings: StackSettings) -> "subprocess.Popen[bytes]":
    """Start the supervisor of *settings* in a session of its own, detached from the terminal."""
    home = StackDirectory(settings.home)
    home.create_folders()
    home.status_file.unlink(missing_ok=True)
    with (home.logs / "stack.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "shared.stack", "supervise"],
            cwd=ROOT,
            env=dict(settings.inherited_env),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def watch_startup(home: StackDirectory, view: ConsoleView, *, is_alive: Callable[[], bool]) -> StackStatus:
    """Show in *view* how the stack starts; return its status once it is ready, has failed or has crashed."""
    report = StackStatus()
    with view.open():
        while report.phase == "starting":
            alive = is_alive()
            report = read_status(home) or report
            view.show_status(report)
            view.refresh_line()
            if not alive and report.phase == "starting":
                return StackStatus(phase="failed", failure=_build_crash_failure(home))
            time.sleep(_POLL_INTERVAL)
    return report


def stop_stack(home: StackDirectory) -> bool:
    """Stop the stack of *home* and wait until all its processes have exited; False when none runs."""
    report = read_status(home)
    if report is None or not home.is_locked():
        return False
    with suppress(ProcessLookupError):
        os.kill(report.supervisor_pid, signal.SIGTERM)
    deadline = monotonic() + _STOP_TIMEOUT
    while home.is_locked():
        if monotonic() > deadline:
            # The kernel then kills every part as well: each was started with a parent-death signal (process.py).
            with suppress(ProcessLookupError):
                os.kill(report.supervisor_pid, signal.SIGKILL)
        time.sleep(_POLL_INTERVAL)
    return True


def _build_crash_failure(home: StackDirectory) -> StartFailure:
    log = home.logs / "stack.log"
    fault = PartFailedError("the supervisor", "exited without an error message", log)
    return StartFailure.from_error(fault)
