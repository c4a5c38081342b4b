"""A crowd of installations of the program candor-demo, whose weeks last some seconds: each with the real client."""

import asyncio
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from candor_telemetry import Program, Telemetry
from candor_telemetry.sender import Sender
from candor_telemetry.weeks import ANCHOR, SlotWeeks
from candor_telemetry.wire import EXCHANGE_ERRORS, parse_server

T = TypeVar("T")
THREADS = 8
NO_SAYERS = 5
"""One of so many says no."""
LAUNCHES = (0, 1, 2, 5, 8, 12, 40, 150, 400)
ATTEMPTS = 4
DRAWING_WEEKS = 8
"""Tokens are for 13 weeks: the last installation still has one for the week that all count in."""
_DEMO_WEEK = re.compile(r"demo-([0-9]+)s-([0-9]+)")


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Installation:
    """One device with the program."""

    number: int
    folder: Path
    server: str
    weeks: SlotWeeks

    @property
    def says_yes(self) -> bool:
        return self.number % NO_SAYERS != 0

    @property
    def program(self) -> Program:
        return Program("candor-demo", ("1.0", "1.1", "other")[self.number % 3], ("launches", "crashes", "syncs"))

    @property
    def lacks_tokens(self) -> bool:
        return self.says_yes and not (self.folder / "tokens.json").exists()

    def list_files(self) -> list[str]:
        return [path.name for path in self.folder.iterdir()]

    def open(self) -> Telemetry:
        telemetry = Telemetry(
            self.program,
            server=self.server,
            folder=str(self.folder),
            environment={},
            weeks=self.weeks,
            terminal=True,
        )
        telemetry.sends_in_background = False
        return telemetry

    def answer(self) -> None:
        """Answer the question, and fetch the tokens of a yes."""
        self.open().set_answer(agreed=self.says_yes)
        self.send()

    def use(self) -> None:
        """One run of the program, which counts."""
        telemetry = self.open()
        telemetry.count("launches", LAUNCHES[self.number % len(LAUNCHES)])
        telemetry.count("syncs", self.number % 4)
        telemetry.close()

    def send(self) -> int:
        """Send what is due; a receiver that is too busy is asked again later."""
        sender = Sender(
            folder=str(self.folder), program=self.program, server=parse_server(self.server), weeks=self.weeks
        )
        try:
            return sender.send_due(now())
        except EXCHANGE_ERRORS:
            return 0


@dataclass(slots=True)
class Crowd:
    """All installations, and the week that they count in."""

    seconds: int
    installations: list[Installation]
    week: str = ""
    reports: int = 0
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS))

    @property
    def yes_count(self) -> int:
        return sum(each.says_yes for each in self.installations)

    async def draw_tokens(self) -> None:
        """Let all answer, as far as time allows; the others are left out."""
        end = asyncio.get_running_loop().time() + DRAWING_WEEKS * self.seconds
        answered = 0
        while answered < len(self.installations) and asyncio.get_running_loop().time() < end:
            chunk = self.installations[answered : answered + 10 * THREADS]
            await self._run_each(Installation.answer, chunk)
            for _ in range(ATTEMPTS):  # refused where a week begins between the request and the reply, and when busy
                await self._run_each(Installation.send, [each for each in chunk if each.lacks_tokens])
            answered += len(chunk)
        del self.installations[answered:]

    async def count(self) -> None:
        """Wait for the next week, and let all use the program in it."""
        weeks = self.installations[0].weeks
        self.week = weeks.shift(weeks.week_at(now()), 1)
        await self._wait_until(self.week)
        await self._run_each(Installation.use, self.installations)

    async def send(self) -> None:
        """Wait until the week has ended, and let all send what is due, until the week takes no more reports."""
        weeks = self.installations[0].weeks
        await self._wait_until(weeks.shift(self.week, 1))
        waiting = [each for each in self.installations if each.says_yes]
        self.reports += sum(await self._run_each(Installation.send, self.installations))
        while self.reports < len(waiting) and weeks.week_at(now()) < weeks.shift(self.week, 3):
            await asyncio.sleep(0.5)
            self.reports += sum(await self._run_each(Installation.send, waiting))

    async def _wait_until(self, week: str) -> None:
        begins = ANCHOR + int(week.rsplit("-", 1)[1]) * timedelta(seconds=self.seconds)
        await asyncio.sleep(max(0.0, (begins - now()).total_seconds() + 0.05))

    async def _run_each(self, act: Callable[[Installation], T], chosen: Sequence[Installation]) -> list[T]:
        loop = asyncio.get_running_loop()
        return await asyncio.gather(*(loop.run_in_executor(self.pool, act, each) for each in chosen))


def build_crowd(count: int, *, folder: Path, server: str, running_week: str) -> Crowd:
    """Return *count* installations that know the weeks of the receiver from the name of one."""
    found = _DEMO_WEEK.fullmatch(running_week)
    assert found, running_week
    seconds = int(found[1])
    weeks = SlotWeeks(seconds)
    installations = [Installation(number, folder / f"device-{number}", server, weeks) for number in range(count)]
    return Crowd(seconds, installations)
