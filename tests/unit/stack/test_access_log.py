"""The visits of each day are in a file of their own, and go when their time is over (C04)."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shared.stack.parts.access_log import RETENTION, AccessLog
from tests.support import NOON, FixedClock


class AccessLogHarness:
    """An access log in a folder, and who writes into it as a proxy does: into the file that it has open."""

    def __init__(self, folder: Path, clock: FixedClock) -> None:
        self.folder, self.clock = folder, clock
        self.log = AccessLog(file=folder / "access.log", clock=clock, reopen=self.reopen)
        self.reopened = 0
        self.open = self.log.file.open("a")

    async def reopen(self) -> None:
        self.reopened += 1
        self.open.close()
        self.open = self.log.file.open("a")

    def visit(self, line: str) -> None:
        self.open.write(f"{line}\n")
        self.open.flush()

    def left_from(self, at: datetime) -> None:
        """Let the file be as an earlier run has left it."""
        os.utime(self.log.file, (at.timestamp(), at.timestamp()))

    def day(self, age: timedelta) -> Path:
        """Return the file of a past day, its folder made."""
        (self.folder / "access").mkdir(exist_ok=True)
        return self.folder / "access" / f"{NOON - age:%Y-%m-%d}.log"

    @property
    def files(self) -> dict[str, str]:
        found = (file for file in sorted(self.folder.rglob("*")) if file.is_file())
        return {str(file.relative_to(self.folder)): file.read_text() for file in found}


async def unheard() -> None:
    """Be a proxy that does not answer."""


@pytest.fixture
def house(tmp_path: Path, clock: FixedClock) -> Iterator[AccessLogHarness]:
    opened = AccessLogHarness(tmp_path, clock)
    yield opened
    opened.open.close()


async def test_C04_each_day_has_a_file_of_its_own(house: AccessLogHarness) -> None:
    house.left_from(NOON)
    house.visit("first")
    house.left_from(NOON)
    await house.log.rotate_if_due()
    house.visit("second")
    await house.log.rotate_if_due()
    assert house.reopened == 0
    house.clock.advance(timedelta(days=1))
    house.visit("a moment after midnight")
    await house.log.rotate_if_due()
    house.visit("third")
    day = f"{NOON:%Y-%m-%d}"
    assert house.files == {f"access/{day}.log": "first\nsecond\na moment after midnight\n", "access.log": "third\n"}


async def test_C04_what_an_earlier_run_has_left_goes_to_the_day_of_its_last_visit(house: AccessLogHarness) -> None:
    house.visit("days ago")
    house.left_from(NOON - timedelta(days=3))
    await house.log.rotate_if_due()
    assert house.files == {f"access/{NOON - timedelta(days=3):%Y-%m-%d}.log": "days ago\n", "access.log": ""}


async def test_C04_a_day_is_deleted_when_its_time_is_over_and_nothing_else(house: AccessLogHarness) -> None:
    house.left_from(NOON)
    for age in (RETENTION - timedelta(days=1), RETENTION, RETENTION + timedelta(days=1), timedelta(days=900)):
        house.day(age).write_text("visits\n")
    (house.folder / "edge.log").write_text("not a visit\n")
    await house.log.rotate_if_due()
    assert list(house.files) == [
        f"access/{NOON - RETENTION:%Y-%m-%d}.log",
        f"access/{NOON - RETENTION + timedelta(days=1):%Y-%m-%d}.log",
        "access.log",
        "edge.log",
    ]


async def test_a_day_without_visits_leaves_no_file(house: AccessLogHarness) -> None:
    house.left_from(NOON - timedelta(days=1))
    await house.log.rotate_if_due()
    assert list(house.files) == ["access.log"]


async def test_C04_a_proxy_that_could_not_be_told_is_told_the_next_day(house: AccessLogHarness) -> None:
    house.visit("first")
    house.left_from(NOON - timedelta(days=1))
    reopen, house.log.reopen = house.log.reopen, unheard
    await house.log.rotate_if_due()
    house.visit("written into the file that was put aside")
    house.log.reopen = reopen
    house.clock.advance(timedelta(days=1))
    await house.log.rotate_if_due()
    house.visit("second")
    assert house.files["access.log"] == "second\n"


async def test_a_file_that_is_there_already_is_never_replaced(house: AccessLogHarness) -> None:
    aside = house.day(timedelta(days=1))
    aside.write_text("older\n")
    house.visit("newer")
    house.left_from(NOON - timedelta(days=1))
    await house.log.rotate_if_due()
    assert house.files == {f"access/{aside.name}": "older\n", "access.log": "newer\n"}
