"""Devices and receivers in trouble: what a program must leave quickly in spite of."""

import fcntl
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from candor_telemetry.weeks import IsoWeeks

from tests.architecture.tree import ROOT
from tests.support.telemetry_receiver import (
    Receiver,
    running_receiver,
    serve_failures,
    serve_silently,
    serve_slowly,
)
from tests.unit.telemetry_client.conftest import A_WEEK, W48_WEDNESDAY, Device

CODE = """
import sys
from datetime import datetime
from candor_telemetry import Program, Telemetry
now = datetime.fromisoformat(sys.argv[3])
program = Program("omnifocus", "4.8", ("launches", "crashes", "syncs"))
telemetry = Telemetry(program, server=sys.argv[1], folder=sys.argv[2], clock=lambda: now, terminal=True)
telemetry.count("launches")
sys.exit(7)
"""
World = Callable[[Path, ExitStack], tuple[str, list[str]]]
"""Spoils a device, and returns the receiver's URL with the words that go before the program."""


def reachable(serve: Callable[[socket.socket, Receiver], None]) -> World:
    return lambda _, stack: (stack.enter_context(running_receiver(serve)).url, [])


def closed_port(_: Path, stack: ExitStack) -> tuple[str, list[str]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}", []


def unknown_name(_: Path, stack: ExitStack) -> tuple[str, list[str]]:
    return "https://telemetry.invalid", []


def read_only_folder(folder: Path, stack: ExitStack) -> tuple[str, list[str]]:
    folder.chmod(0o555)
    stack.callback(folder.chmod, 0o755)
    # Root may write everywhere, unless it gives up that right.
    return closed_port(folder, stack)[0], ["setpriv", "--bounding-set=-dac_override"] if os.getuid() == 0 else []


def full_disk(folder: Path, stack: ExitStack) -> tuple[str, list[str]]:
    return closed_port(folder, stack)[0], ["prlimit", "--fsize=0"]


def locked_files(folder: Path, stack: ExitStack) -> tuple[str, list[str]]:
    for path in folder.iterdir():
        file = stack.enter_context(path.open("rb+"))
        fcntl.flock(file, fcntl.LOCK_EX)
        fcntl.lockf(file, fcntl.LOCK_EX)
    return closed_port(folder, stack)[0], []


def pipes_for_files(folder: Path, stack: ExitStack) -> tuple[str, list[str]]:
    """A reader or writer of a pipe waits until someone opens its other end."""
    (folder / "counts-2026-W50.jsonl").unlink(missing_ok=True)
    for name in ("counts-2026-W50.jsonl", "attempt", "sending.lock"):
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)
    return closed_port(folder, stack)[0], []


WORLDS: dict[str, World] = {
    "closed port": closed_port,
    "unknown name": unknown_name,
    "silent peer": reachable(serve_silently),
    "one byte a second": reachable(serve_slowly),
    "always 500": reachable(serve_failures),
    "read-only folder": read_only_folder,
    "full disk": full_disk,
    "locked by another process": locked_files,
    "pipes for files": pipes_for_files,
}


@contextmanager
def device_with_a_report_waiting(folder: Path, since: datetime = W48_WEDNESDAY) -> Iterator[Device]:
    with running_receiver(first=IsoWeeks().week_at(since)) as receiver:
        device = Device(folder, receiver, now=since)
        device.say_yes()
        device.now += A_WEEK
        device.run(launches=1)
        device.now += A_WEEK
        yield device


def run_program(device: Device, url: str, prefix: list[str], folder: Path) -> float:
    """Return the seconds from start to end; the status and the streams are those of any program."""
    command = [*prefix, sys.executable, "-c", CODE, url, str(folder), device.now.isoformat()]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "clients/python"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    started = time.perf_counter()
    ended = subprocess.run(command, env=environment, capture_output=True, timeout=20, check=False)
    seconds = time.perf_counter() - started
    assert (ended.returncode, ended.stdout, ended.stderr) == (7, b"", b"")
    return seconds
