"""Identity in processes of its own: started, killed, started again, as a cluster does."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from shared.clock import utc_now
from shared.crypto import make_keyring
from shared.crypto.keyring import dump_keyring
from shared.ids import new_id, new_token
from shared.mongo import abort_all_transactions
from tests.integration.identity.harness import ADULT, USES, Person, Reply, new_person
from tests.support.fake_services import Mailbox, until
from tests.support.parts import free_ports

ROOT = Path(__file__).resolve().parents[3]


@dataclass(slots=True, kw_only=True)
class Replicas:
    """Replicas of identity that share a database, and the people who use them."""

    parts: Mapping[str, str]
    home: Path
    box: Mailbox
    http: aiohttp.ClientSession
    database: str = field(default_factory=lambda: new_id("test"))
    running: dict[int, asyncio.subprocess.Process] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.home / "keyring.json").write_text(dump_keyring(make_keyring(USES, at=utc_now())), encoding="utf-8")

    async def start(self, port: int | None = None) -> int:
        """Start a replica and wait until it is ready; return its port."""
        port = port or free_ports()["identity"]
        with (self.home / "log").open("ab") as out:
            self.running[port] = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "services.identity"),
                cwd=ROOT,
                env=self._env(port),
                stdout=out,
                stderr=out,
            )
        await until(lambda: self._ready(port), patience=50)
        return port

    async def end(self, port: int, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait for the end, and return the exit code."""
        process = self.running.pop(port)
        process.send_signal(number)
        code = await asyncio.wait_for(process.wait(), 25)
        if number is signal.SIGKILL:
            # As the supervisor of the stack does: the embedded server never ends the transaction of a dead process.
            await abort_all_transactions(self.parts["MONGO_URL"])
        return code

    async def end_all(self) -> None:
        for port in list(self.running):
            await self.end(port)

    async def call(self, port: int, method: str, path: str, body: object = None, *, by: Person | None = None) -> Reply:
        headers = {"Idempotency-Key": new_token()} | ({"Authorization": f"Bearer {by.access}"} if by else {})
        async with self.http.request(method, f"http://127.0.0.1:{port}{path}", json=body, headers=headers) as answer:
            found: Any = await answer.json(content_type=None) if "json" in answer.content_type else await answer.read()
            return Reply(status=answer.status, body=found, headers=answer.headers)

    async def member(self, port: int) -> Person:
        """Return a new person with an account, logged in; the mail came over SMTP."""
        ada = new_person()
        screen = await self.call(port, "POST", "/v1/identity/age-screens", ADULT)
        wish = {"age_token": screen.body["age_token"], "email": ada.email, "password": ada.password}
        assert (await self.call(port, "POST", "/v1/identity/accounts", wish)).status == 202

        async def arrived() -> bool:
            return bool(self.box.mails_to(ada.email))

        await until(arrived)
        token = self.box.mails_to(ada.email)[-1].get_content().partition("token=")[2].split()[0]
        proof = await self.call(port, "POST", "/v1/identity/verifications", {"token": token})
        ada.account_id = proof.body["account_id"]
        granted = await self.call(port, "POST", "/v1/identity/sessions", {"email": ada.email, "password": ada.password})
        ada.access = granted.body["access_token"]
        return ada

    async def becomes(self, port: int, path: str, state: str, *, by: Person | None = None) -> Reply:
        """Wait until what stands at *path* is in *state*."""

        async def is_so() -> bool:
            return bool((await self.call(port, "GET", path, by=by)).body["state"] == state)

        await until(is_so, patience=40)
        return await self.call(port, "GET", path, by=by)

    def _env(self, port: int) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "CANDOR_MODE": "local",
            "CANDOR_PUBLIC_URL": "http://candor.example",
            "CANDOR_SERVICE_PORT": str(port),
            "CANDOR_KEYRING": str(self.home / "keyring.json"),
            "CANDOR_DATA": str(self.home),
            "CANDOR_PROBE_INTERVAL_SECONDS": "1",
            "SMTP_URL": f"smtp://127.0.0.1:{self.box.port}",
            "MONGO_DATABASE": self.database,
            "MONGO_DRIVER": os.environ.get("MONGO_DRIVER", "motor"),
            **self.parts,
        }

    async def _ready(self, port: int) -> bool:
        process = self.running[port]
        if process.returncode is not None:
            raise RuntimeError(f"identity has ended: {(self.home / 'log').read_text(encoding='utf-8')[-3000:]}")
        try:
            async with self.http.get(f"http://127.0.0.1:{port}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False
