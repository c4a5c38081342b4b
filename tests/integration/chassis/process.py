"""Starts the tiny service as a process of its own, and watches it from outside."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from shared.clock import utc_now
from shared.crypto import make_keyring
from shared.crypto.keyring import dump_keyring
from tests.support.http import PUBLIC_URL, Reply

ROOT = Path(__file__).resolve().parents[3]


def settings_of(home: Path, **changed: str) -> dict[str, str]:
    """Return the environment of a service that has all it needs, with its files in *home*."""
    keyring = home / "keyring.json"
    if not keyring.exists():
        keyring.write_text(dump_keyring(make_keyring(("wrap", "blind", "link"), at=utc_now())), encoding="utf-8")
    return {
        "PATH": os.environ["PATH"],
        "CANDOR_MODE": "local",
        "CANDOR_PUBLIC_URL": PUBLIC_URL,
        "CANDOR_KEYRING": str(keyring),
        "CANDOR_DATA": str(home),
        "CANDOR_SERVICE_PORT": str(free_port()),
        "SMTP_URL": "smtp://127.0.0.1:9",
        "MONGO_DRIVER": os.environ.get("MONGO_DRIVER", "motor"),
        **changed,
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True, kw_only=True)
class Tiny:
    """The running process."""

    env: Mapping[str, str]
    process: asyncio.subprocess.Process
    log: Path
    session: aiohttp.ClientSession
    url: str = field(init=False)

    def __post_init__(self) -> None:
        self.url = f"http://127.0.0.1:{self.env['CANDOR_SERVICE_PORT']}"

    async def ask(self, method: str, path: str, **options: Any) -> Reply:
        async with self.session.request(method, self.url + path, **options) as reply:
            return Reply(reply.status, reply.headers, await reply.read())

    async def write(self, number: int) -> Reply:
        """Write a note as a careful client does: the same key at each repetition."""
        return await self.ask(
            "POST",
            "/v1/tiny/notes",
            json={"note_id": f"note_{number}"},
            headers={"Idempotency-Key": f"key {number}"},
        )

    async def status(self, path: str) -> int:
        """Return the status of *path*, or 0 while nothing listens."""
        try:
            return (await self.ask("GET", path)).status
        except (aiohttp.ClientError, TimeoutError):
            return 0

    async def becomes(self, status: int, path: str = "/readyz", *, within: float) -> None:
        """Wait until *path* answers with *status*; fail with what was logged last."""
        try:
            async with asyncio.timeout(within):
                while await self.status(path) != status:
                    assert self.process.returncode is None, f"it has ended: {self.tail()}"
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"{path} did not become {status} within {within} s: {self.tail()}") from None

    def tail(self) -> str:
        return self.log.read_text(encoding="utf-8")[-3_000:]

    def lines(self) -> list[dict[str, Any]]:
        """Return what was logged; each line is a JSON object, or this fails."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]

    async def stop(self, *, within: float = 25) -> int:
        """Ask it to end; return its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), within)


@asynccontextmanager
async def tiny(home: Path, **changed: str) -> AsyncIterator[Tiny]:
    """Run the tiny service; it is not waited for."""
    env, log = settings_of(home, **changed), home / "tiny.log"
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            # It dies with the tests: one left over would take deliveries from the next.
            *(
                "setpriv",
                "--pdeathsig",
                "KILL",
                "--",
                sys.executable,
                "-m",
                "tests.integration.chassis.minimal_service",
            ),
            cwd=ROOT,
            env=env,
            stdout=out,
            stderr=out,
        )
    # Longer than a service takes to end: who leaves before it has cancelled what hangs is not what is looked at.
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=40)) as session:
        try:
            yield Tiny(env=env, process=process, log=log, session=session)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
