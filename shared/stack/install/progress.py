"""Runs a program and shows its progress."""

import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.clock import monotonic

_LINE_INTERVAL = 5.0
"""Seconds between two lines when the output is not a terminal (CI)."""
_FRAME_INTERVAL = 0.2


class InstallError(Exception):
    """Something cannot be installed; the message is one line with the remedy."""


@dataclass(slots=True)
class ProgramResult:
    """The exit code of a program and the last lines of its output."""

    exit_code: int
    tail: list[str]

    @property
    def error_line(self) -> str:
        """The output line that most likely contains the reason."""
        errors = [line for line in self.tail if line.lower().startswith(("error", "e:", "fatal"))]
        return (errors or self.tail or ["no output"])[-1].strip()


@dataclass(slots=True)
class ProgressLine:
    """A progress line that is updated in place on a terminal, and printed every few seconds elsewhere."""

    label: str
    total: int = 0
    count: int = 0
    _started: float = field(default_factory=monotonic)
    _last_printed: float = field(default_factory=monotonic)

    def print_progress(self) -> None:
        """Show the current progress."""
        if sys.stdout.isatty():
            sys.stdout.write(f"\r\x1b[K  … {self._line()}")
        elif monotonic() - self._last_printed > _LINE_INTERVAL:
            sys.stdout.write(f"  … {self._line()}\n")
            self._last_printed = monotonic()
        sys.stdout.flush()

    def print_done(self) -> None:
        """Print that the step has succeeded."""
        sys.stdout.write(f"{_clear_line()}  ✓ {self.label} ({monotonic() - self._started:.0f} s)\n")
        sys.stdout.flush()

    def _line(self) -> str:
        counted = f" {min(self.count, self.total)} of {self.total}" if self.total else ""
        return f"{self.label}{counted} ({monotonic() - self._started:.0f} s)"


def _clear_line() -> str:
    return "\r\x1b[K" if sys.stdout.isatty() else ""


def run_program(
    label: str,
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    total: int = 0,
    is_counted: Callable[[str], bool] = lambda _: False,
) -> ProgramResult:
    """Run *argv*; each output line for which *is_counted* is true counts as one step of *total*."""
    progress = ProgressLine(label, total)
    try:
        child = subprocess.Popen(
            argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    except OSError as fault:
        return ProgramResult(127, [f"{argv[0]}: {fault.strerror}"])
    tail: deque[str] = deque(maxlen=30)
    reader = threading.Thread(target=_read_output, args=(child, tail, progress, is_counted), daemon=True)
    with child:
        reader.start()
        while child.poll() is None:
            progress.print_progress()
            reader.join(_FRAME_INTERVAL)
        reader.join()
    sys.stdout.write(_clear_line())
    if child.returncode == 0:
        progress.print_done()
    return ProgramResult(child.returncode, list(tail))


def _read_output(
    child: "subprocess.Popen[str]", tail: deque[str], progress: ProgressLine, is_counted: Callable[[str], bool]
) -> None:
    for line in child.stdout or ():
        tail.append(line.rstrip())
        progress.count += is_counted(line)
