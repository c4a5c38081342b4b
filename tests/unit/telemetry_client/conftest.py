"""A device of its own, with a program whose clock the test turns."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from candor_telemetry import Program, Telemetry
from candor_telemetry.sender import Exchange, Sender
from candor_telemetry.weeks import IsoWeeks
from candor_telemetry.wire import exchange, parse_server

from tests.support.telemetry_receiver import Receiver, running_receiver

PROGRAM = Program("omnifocus", "4.8", ("launches", "crashes", "syncs"))
W48_WEDNESDAY = datetime(2026, 11, 25, 12, tzinfo=UTC)
A_WEEK = timedelta(weeks=1)


@dataclass
class Device:
    """A folder, a clock, and a receiver."""

    folder: Path
    receiver: Receiver
    now: datetime = W48_WEDNESDAY
    environment: Mapping[str, str] = field(default_factory=dict)

    def open(self, **options: Any) -> Telemetry:
        """Start the program again."""
        settings: dict[str, Any] = {"environment": self.environment, "terminal": True, "clock": lambda: self.now}
        settings |= options
        telemetry = Telemetry(PROGRAM, server=self.receiver.url, folder=str(self.folder), **settings)
        telemetry.sends_in_background = False
        return telemetry

    def run(self, **counts: int) -> None:
        """One run of the program."""
        telemetry = self.open()
        for feature, by in counts.items():
            telemetry.count(feature, by)
        telemetry.close()

    def send(self, through: Exchange = exchange) -> int:
        sender = Sender(
            folder=str(self.folder),
            program=PROGRAM,
            server=parse_server(self.receiver.url),
            weeks=IsoWeeks(),
            exchange=through,
        )
        return sender.send_due(self.now)

    def say_yes(self) -> None:
        """Answer yes, and fetch the tokens."""
        self.open().set_answer(agreed=True)
        self.send()

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.glob("*")} if self.folder.exists() else {}


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    with running_receiver() as receiver:
        yield Device(tmp_path / "omnifocus", receiver)
