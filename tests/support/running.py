"""Runs a service as in production: a process of its own, real parts, and small stand-ins for its neighbours."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp

from shared.clock import utc_now
from shared.crypto import make_keyring
from shared.crypto.keyring import KeyUse, dump_keyring
from shared.ids import new_id
from shared.mongo import abort_all_transactions
from shared.registry import get_registry
from shared.web import Principal, issue_access_token
from tests.support.fake_services import PUBLIC_URL, FakeServices, until

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN = 30.0


@dataclass(slots=True)
class Answer:
    """What came back over HTTP."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(slots=True)
class Running:
    """One service in a process of its own."""

    service: str
    port: int
    env: dict[str, str]
    log: Path
    http: aiohttp.ClientSession
    neighbours: FakeServices
    process: asyncio.subprocess.Process | None = None
    database: str = field(default_factory=lambda: new_id("test"))

    async def start(self) -> None:
        """Start the process and wait until it is ready; every event of its own has a consumer, the test."""
        with self.log.open("ab") as out:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.support.listening", self.service),
                cwd=ROOT,
                env={**self.env, "MONGO_DATABASE": self.database},
                stdout=out,
                stderr=out,
            )
        await until(self._ready, patience=READY_WITHIN)

    async def kill(self) -> None:
        """End it as a crash does; then, as the supervisor of the stack does, what it left open in the database."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()
        await abort_all_transactions(self.env["MONGO_URL"])

    async def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(self.process.wait(), 25)
        except TimeoutError:
            self.process.kill()  # one that is left over would take the facts of the tests after this one
            await self.process.wait()
            raise

    async def call(
        self,
        method: str,
        path: str,
        *,
        by: Principal | None = None,
        body: object = None,
        raw: bytes | None = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request; *by* signs in, *key* is the Idempotency-Key."""
        sent = dict(headers or {})
        if by is not None:
            sent["Authorization"] = f"Bearer {self.token(by)}"
        if key is not None:
            sent["Idempotency-Key"] = key
        if raw is not None:
            sent.setdefault("Content-Type", "application/json")
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.http.request(
            method, url, json=body, data=None if raw is None else BytesIO(raw), headers=sent
        ) as answer:
            parsed = await answer.json(content_type=None) if "json" in answer.content_type else await answer.text()
            return Answer(answer.status, parsed, answer.headers)

    def token(self, who: Principal) -> str:
        """Return an access token that identity has signed."""
        return issue_access_token(who, self.neighbours.key, issuer=PUBLIC_URL, at=utc_now())

    async def _ready(self) -> bool:
        assert self.process is not None
        if self.process.returncode is not None:
            raise RuntimeError(f"{self.service} has ended: {self.log.read_text(encoding='utf-8')[-3000:]}")
        try:
            async with self.http.get(f"http://127.0.0.1:{self.port}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False


@asynccontextmanager
async def running(
    service: str,
    *,
    parts: Mapping[str, str],
    neighbours: FakeServices,
    home: Path,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[Running]:
    """Run *service* against *parts* (MONGO_URL, AMQP_URL, SMTP_URL) beside *neighbours*, with its files in *home*."""
    keyring = home / "keyring.json"
    keyring.write_text(
        dump_keyring(make_keyring(map(KeyUse, get_registry().get(service).keys), at=utc_now())), encoding="utf-8"
    )
    port = _free_port()
    env = {
        "PATH": os.environ["PATH"],
        "CANDOR_MODE": "local",
        "CANDOR_PUBLIC_URL": PUBLIC_URL,
        "CANDOR_SERVICE_PORT": str(port),
        "CANDOR_KEYRING": str(keyring),
        "CANDOR_DATA": str(home),
        "CANDOR_PROBE_INTERVAL_SECONDS": "3600",
        "SMTP_URL": "smtp://127.0.0.1:9",
        "MONGO_DRIVER": os.environ.get("MONGO_DRIVER", "motor"),
        **parts,
        **(settings or {}),
    }
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        one = Running(service=service, port=port, env=env, log=home / "log", http=http, neighbours=neighbours)
        try:
            await one.start()
            yield one
        finally:
            if one.process is not None:
                await one.stop()


def person(kind: str, *roles: str, number: str = "0") -> Principal:
    """Return a customer or a member of staff."""
    assert kind in ("customer", "staff")
    who = f"acc_{number.rjust(26, '0')}"
    return Principal(
        kind="customer" if kind == "customer" else "staff",
        id=who,
        session=f"ses_{who}",
        roles=frozenset(roles),
        auth_time=utc_now(),
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
