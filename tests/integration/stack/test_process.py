"""Child processes: watched, restarted, ended; never left behind."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.ids import new_id
from shared.stack.parts import service
from shared.stack.process import PartFailedError, ProcessEvent, ProcessSpec, run_supervised
from shared.stack.settings import ROOT

Made = Callable[..., ProcessSpec]


@pytest.fixture
def command(tmp_path: Path) -> Made:
    """Make a command out of Python source; ready once it has written the file ``up``."""

    async def ready() -> str | None:
        return None if (tmp_path / "up").exists() else "has not begun"

    def make(source: str, *, start_within: float = 20.0, stop_within: float = 5.0) -> ProcessSpec:
        return ProcessSpec(
            name="part",
            argv=(sys.executable, "-c", f"import os, signal, time, pathlib\n{source}"),
            log=tmp_path / "part.log",
            cwd=tmp_path,
            check_ready=ready,
            env={"PATH": os.defpath},
            start_timeout=start_within,
            stop_timeout=stop_within,
        )

    return make


STAYS = "pathlib.Path('up').touch(); time.sleep(600)"


def gone(pid: int) -> bool:
    """Tell whether no process has this id, or only one that has ended and waits to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - it is another process that changes
            await asyncio.sleep(0.02)


async def test_a_part_is_ready_on_entry_and_gone_on_exit(command: Made) -> None:
    async with run_supervised(command(STAYS)) as child:
        pid = child.pid
        assert not gone(pid)
    assert gone(pid)


async def test_a_part_that_is_killed_comes_back(command: Made) -> None:
    changes: list[ProcessEvent] = []
    async with run_supervised(command(STAYS), changes.append) as child:
        first = child.pid
        os.kill(first, signal.SIGKILL)
        await until(lambda: child.pid not in {0, first} and changes[-1].state == "ready")
    assert ("restarting", "killed by SIGKILL") in [(change.state, change.detail) for change in changes]


async def test_a_part_that_ends_at_once_fails_with_its_last_words(command: Made) -> None:
    with pytest.raises(PartFailedError, match=r"^part .*\(exit code 3\)") as failed:
        async with run_supervised(command("print('PART_KEY is missing', flush=True); raise SystemExit(3)")):
            pytest.fail("it must not be entered")
    assert failed.value.tail == ["PART_KEY is missing"]


async def test_a_part_that_never_becomes_ready_fails_with_what_it_lacks(command: Made) -> None:
    with pytest.raises(PartFailedError, match=r"was not ready within 0.5 s \(has not begun\)"):
        async with run_supervised(command("time.sleep(600)", start_within=0.5)):
            pytest.fail("it must not be entered")


async def test_a_part_that_will_not_end_is_made_to(command: Made) -> None:
    stubborn = f"signal.signal(signal.SIGTERM, signal.SIG_IGN); {STAYS}"
    async with run_supervised(command(stubborn, stop_within=0.3)) as child:
        pid = child.pid
    assert gone(pid)


async def test_what_a_part_has_started_ends_with_it(command: Made, tmp_path: Path) -> None:
    parent = (
        "import subprocess, sys\n"
        "grandchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path('grandchild').write_text(str(grandchild.pid)); {STAYS}"
    )
    async with run_supervised(command(parent)):
        grandchild = int((tmp_path / "grandchild").read_text())
    await until(lambda: gone(grandchild))


async def test_no_part_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    source = f"""
import asyncio, os, sys
from pathlib import Path
from shared.stack.process import ProcessSpec, run_supervised
async def ready(): return None
async def main():
    spec = ProcessSpec(name="part", argv=(sys.executable, "-c", "import time; time.sleep(600)"), env={{}},
                       log=Path({str(tmp_path / "part.log")!r}), cwd=Path("/"), check_ready=ready)
    async with run_supervised(spec) as child:
        print(child.pid, flush=True)
        await asyncio.sleep(600)
asyncio.run(main())
"""
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", source, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert supervisor.stdout is not None
    part = int(await supervisor.stdout.readline())
    assert not gone(part)
    supervisor.kill()
    await supervisor.wait()
    await until(lambda: gone(part))


async def test_a_service_with_a_wrong_setting_of_its_own_is_named_with_it(tmp_path: Path) -> None:
    env = {"PATH": os.defpath, "PAYMENTS_CARD_STAMP_TTL_SECONDS": "soon"}
    env |= {
        "CANDOR_PUBLIC_URL": "http://a.example",
        "MONGO_URL": "mongodb://127.0.0.1:9",
        "AMQP_URL": "amqp://127.0.0.1",
    }
    env |= {"CANDOR_KEYRING": "x", "SMTP_URL": "smtp://127.0.0.1", "PAYMENTS_PROCESSOR": "simulator"}
    with pytest.raises(PartFailedError, match=r"^payments .*\(exit code") as failed:
        async with service.start("payments", port=9, env=env, data=tmp_path / new_id("d"), log=tmp_path / "p.log"):
            pytest.fail("it must not be entered")
    assert failed.value.tail[-1].startswith("payments: PAYMENTS_CARD_STAMP_TTL_SECONDS='soon' is not")
