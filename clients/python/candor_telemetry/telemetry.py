"""What a program uses: ask, count, leave. Nothing here waits for a network, for another process, or for a lock."""

import atexit
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from candor_telemetry.answer import Answer, delete_answer, read_answer, store_answer
from candor_telemetry.counts import append_counts, delete_counts, list_weeks
from candor_telemetry.environment import default_folder, find_block, has_terminal
from candor_telemetry.files import delete_file
from candor_telemetry.program import QUESTION_VERSION, Program
from candor_telemetry.weeks import IsoWeeks, Weeks, accepted_weeks

ATTEMPT_FILE = "attempt"
SECONDS_BETWEEN_ATTEMPTS = 3600.0
TOKENS_FILE = "tokens.json"  # candor_telemetry.tokens is not imported here: a program leaves faster without it


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class BlockedError(Exception):
    """A yes cannot be accepted here; the text says why."""


class Telemetry:
    """The usage statistics of one program.

    Create it early, call ``count``, and leave: counts are stored at exit. When a report is due, a process of its own
    sends it.
    """

    def __init__(
        self,
        program: Program,
        *,
        server: str,
        folder: str | None = None,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], datetime] = utc_now,
        weeks: Weeks | None = None,
        terminal: bool | None = None,
    ) -> None:
        self.program, self.server_url = program, server
        self.folder = folder or default_folder(program.name, environment)
        self.weeks = weeks or IsoWeeks()
        self._clock = clock
        self._counts: dict[str, Counter[str]] = {}
        self.block = find_block(
            environment, kind=program.kind, has_terminal=has_terminal() if terminal is None else terminal
        )
        if self.folder is None and self.block is None:
            self.block = "no folder"
        self.sends_in_background = True
        """False leaves sending to the program, which then calls a Sender itself."""
        self._child: int | None = None
        atexit.register(self.close)

    @property
    def answer(self) -> Answer:
        """The stored answer, read from the file each time."""
        return read_answer(self.folder) if self.folder else Answer(None)

    @property
    def is_on(self) -> bool:
        """Whether this run is counted."""
        return self.block is None and self.answer.covers(QUESTION_VERSION)

    def should_ask(self) -> bool:
        """Return whether to ask: never where a yes would not be accepted, and never after a no."""
        return self.block is None and not self.answer.settles(QUESTION_VERSION)

    def set_answer(self, *, agreed: bool) -> Answer:
        """Store what a person answered, and return what is then in the file.

        A no deletes tokens and counts, and sends nothing. Raises BlockedError for a yes where none is accepted, and
        OSError when the answer cannot be stored.
        """
        if self.folder is None:
            raise BlockedError("no folder")
        if agreed and self.block is not None:
            raise BlockedError(self.block)
        if agreed and self.answer.covers(QUESTION_VERSION):
            return self.answer  # the first week of an earlier yes stays
        if not agreed:
            self._delete_unsent(self.folder)
        first_week = self.weeks.shift(self.weeks.week_at(self._clock()), 1) if agreed else ""
        return store_answer(self.folder, Answer(agreed, QUESTION_VERSION, first_week))

    def forget_answer(self) -> None:
        """Delete the answer and all that was counted, as if the person had never been asked."""
        if self.folder is not None:
            self._delete_unsent(self.folder)
            delete_answer(self.folder)

    def count(self, feature: str, by: int = 1) -> None:
        """Count one use of *feature*, in memory until ``flush``. Raises ValueError for an unknown feature."""
        if feature not in self.program.features:
            raise ValueError(f"{feature!r} is no feature of {self.program.name}")
        if self.block is None:
            self._counts.setdefault(self.weeks.week_at(self._clock()), Counter())[feature] += by

    def now(self) -> datetime:
        """Return the time of the clock."""
        return self._clock()

    def flush(self) -> None:
        """Store the counts, and start sending when something is due. Never raises, never waits."""
        counts, self._counts = self._counts, {}
        if self.block is not None or self.folder is None:
            return
        answer = self.answer  # read again: another run may have withdrawn the yes
        if not answer.covers(QUESTION_VERSION):
            return
        with suppress(OSError, ValueError):
            for week, counted in counts.items():
                if week >= answer.first_week:
                    append_counts(self.folder, week, counted)
        with suppress(OSError, ValueError):
            if self.sends_in_background and self._is_due(self.folder) and self._note_attempt(self.folder):
                self._start_sender(self.folder)

    def close(self) -> None:
        """Do the same as ``flush``, for the last time; it runs by itself when the program ends."""
        atexit.unregister(self.close)
        self.flush()

    def _is_due(self, folder: str) -> bool:
        now = self._clock()
        closed = {*accepted_weeks(self.weeks, now)}
        waiting = set(list_weeks(folder))
        return bool(waiting - {self.weeks.week_at(now)} & closed) or not os.path.exists(
            os.path.join(folder, TOKENS_FILE)
        )

    def _note_attempt(self, folder: str) -> bool:
        """Return whether the last attempt is long ago; a folder that cannot be written is never sent from."""
        path = os.path.join(folder, ATTEMPT_FILE)
        now = self._clock().timestamp()
        with suppress(OSError):
            if 0 <= now - os.stat(path).st_mtime < SECONDS_BETWEEN_ATTEMPTS:
                return False
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_NONBLOCK", 0), 0o600))
        os.utime(path, (now, now))
        return True

    def _start_sender(self, folder: str) -> None:
        """Start the sender as a process of its own: it outlives this one, and nothing it does shows here."""
        if not hasattr(os, "posix_spawn") or not sys.executable:
            return  # Windows: `candor-telemetry send` does it
        if self._child is not None:
            with suppress(ChildProcessError):
                os.waitpid(self._child, os.WNOHANG)
        command = [sys.executable, "-m", "candor_telemetry", "send-in-background", folder, self.server_url]
        command += [self.program.name, self.program.version, ",".join(self.program.features)]
        environment = dict(os.environ) | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        quiet = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in range(3)]
        self._child = os.posix_spawn(sys.executable, command, environment, file_actions=quiet, setsid=True)

    def _delete_unsent(self, folder: str) -> None:
        self._counts.clear()
        for week in list_weeks(folder):
            delete_counts(folder, week)
        delete_file(os.path.join(folder, ATTEMPT_FILE))
        delete_file(os.path.join(folder, TOKENS_FILE))
