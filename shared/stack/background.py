"""The stack in the background: begun as a process of its own, watched until it is ready, told to end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from shared.clock import monotonic
from shared.stack.board import Board
from shared.stack.home import Home
from shared.stack.process import PartFailedError
from shared.stack.report import Failure, Report, read_report
from shared.stack.settings import ROOT, StackSettings

_LOOK = 0.2
_STOP_WITHIN = 60.0
"""Seconds that a stack may take to end: services finish for 25 s, then the parts below them."""


def begin(settings: StackSettings) -> "subprocess.Popen[bytes]":
    """Start the supervisor of *settings*, apart from the terminal."""
    home = Home(settings.home)
    home.make()
    home.state.unlink(missing_ok=True)
    with (home.logs / "stack.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "shared.stack", "supervise"],
            cwd=ROOT,
            env=dict(settings.inherited),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def watch(home: Home, board: Board, *, lives: Callable[[], bool]) -> Report:
    """Show on *board* how the stack starts; return its report when it is ready, has failed or has died."""
    report = Report()
    with board.open():
        while report.phase == "starting":
            alive = lives()
            report = read_report(home) or report
            board.show(report)
            board.tick()
            if not alive and report.phase == "starting":
                return Report(phase="failed", failure=_died(home))
            time.sleep(_LOOK)
    return report


def end(home: Home) -> bool:
    """End the stack of *home* and wait until nothing of it is left; False when none runs."""
    report = read_report(home)
    if report is None or not home.in_use():
        return False
    with suppress(ProcessLookupError):
        os.kill(report.supervisor, signal.SIGTERM)
    deadline = monotonic() + _STOP_WITHIN
    while home.in_use():
        if monotonic() > deadline:
            # The kernel then ends every part: each asked for that when it began (process.py).
            with suppress(ProcessLookupError):
                os.kill(report.supervisor, signal.SIGKILL)
        time.sleep(_LOOK)
    return True


def _died(home: Home) -> Failure:
    log = home.logs / "stack.log"
    fault = PartFailedError("the supervisor", "has ended without a word", log)
    return Failure.of(fault)
