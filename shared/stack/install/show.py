"""Runs a program and shows that it moves: a person who waits sees what for."""

import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.clock import monotonic

_EVERY = 5.0
"""Seconds between two lines where the output is no terminal (CI)."""
_FRAME = 0.2


class InstallError(Exception):
    """Something cannot be installed; the message is one line that says what, and the remedy."""


@dataclass(slots=True)
class Outcome:
    """How a program ended, and the last of what it said."""

    code: int
    tail: list[str]

    @property
    def last(self) -> str:
        """The line that most likely says why."""
        telling = [line for line in self.tail if line.lower().startswith(("error", "e:", "fatal"))]
        return (telling or self.tail or ["it said nothing"])[-1].strip()


@dataclass(slots=True)
class Progress:
    """One line on the terminal that counts; in a log, a line every few seconds."""

    label: str
    total: int = 0
    count: int = 0
    _began: float = field(default_factory=monotonic)
    _said: float = field(default_factory=monotonic)

    def tick(self) -> None:
        """Show where it stands."""
        if sys.stdout.isatty():
            sys.stdout.write(f"\r\x1b[K  … {self._line()}")
        elif monotonic() - self._said > _EVERY:
            sys.stdout.write(f"  … {self._line()}\n")
            self._said = monotonic()
        sys.stdout.flush()

    def done(self) -> None:
        """Say that it has ended well."""
        sys.stdout.write(f"{_fresh()}  ✓ {self.label} ({monotonic() - self._began:.0f} s)\n")
        sys.stdout.flush()

    def _line(self) -> str:
        counted = f" {min(self.count, self.total)} of {self.total}" if self.total else ""
        return f"{self.label}{counted} ({monotonic() - self._began:.0f} s)"


def _fresh() -> str:
    return "\r\x1b[K" if sys.stdout.isatty() else ""


def run(
    label: str,
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    total: int = 0,
    counts: Callable[[str], bool] = lambda _: False,
) -> Outcome:
    """Run *argv*; each line of its output that *counts* is one of *total*."""
    progress = Progress(label, total)
    try:
        child = subprocess.Popen(
            argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    except OSError as fault:
        return Outcome(127, [f"{argv[0]}: {fault.strerror}"])
    tail: deque[str] = deque(maxlen=30)
    reader = threading.Thread(target=_read, args=(child, tail, progress, counts), daemon=True)
    with child:
        reader.start()
        while child.poll() is None:
            progress.tick()
            reader.join(_FRAME)
        reader.join()
    sys.stdout.write(_fresh())
    if child.returncode == 0:
        progress.done()
    return Outcome(child.returncode, list(tail))


def _read(child: "subprocess.Popen[str]", tail: deque[str], progress: Progress, counts: Callable[[str], bool]) -> None:
    for line in child.stdout or ():
        tail.append(line.rstrip())
        progress.count += counts(line)
