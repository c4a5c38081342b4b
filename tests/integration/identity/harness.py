"""Identity in this process: its application on a port of its own, real database and broker, a clock that waits."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from google.protobuf.message import Message

from services.identity.app import compose
from services.identity.settings import Settings
from shared.bus import EventDelivery, OutboxDocument, RpcContext, event_type
from shared.chassis import Chassis, ServiceSpec, serve
from shared.chassis.run import build_service_app
from shared.chassis.spec import list_documents, open_chassis
from shared.crypto import KeyDestroyedError, make_keyring
from shared.crypto.keyring import dump_keyring
from shared.ids import new_id, new_token
from shared.mail import EmailMessage
from shared.policy import Purpose
from shared.promises import Finding
from tests.support import FixedClock
from tests.support.fakes import NOON
from tests.support.listening import listening_registry

R = TypeVar("R", bound=Message)
PUBLIC_URL = "http://candor.example"
USES = ("wrap", "blind", "link", "sign", "dkim")
ADULT = {"birth_year": 1985, "birth_month": 12}


@dataclass(slots=True, kw_only=True)
class Reply:
    """What came back over HTTP."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> str:
        return str(self.body["code"])


@dataclass(slots=True, kw_only=True)
class Person:
    """A person with an account, and what the last log-in gave."""

    email: str
    password: str
    account_id: str = ""
    access: str = ""
    refresh: str = ""
    session_id: str = ""


def new_person(name: str = "ada") -> Person:
    mark = new_token(64).lower().strip("-_").replace("_", "").replace("-", "")
    return Person(email=f"{name}-{mark}@customers.example", password=f"green tower in the {mark} morning")


@dataclass(slots=True, kw_only=True)
class IdentityHarness:
    """The service and its users."""

    chassis: Chassis
    parts: ServiceSpec
    settings: Settings
    clock: FixedClock
    url: str
    http: aiohttp.ClientSession
    staff: dict[str, Person] = field(default_factory=dict)
    staff_since: datetime = NOON
    """When the staff logged in."""

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        by: Person | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        once: bool = False,
    ) -> Reply:
        sent = dict(headers or {})
        if by is not None:
            sent["Authorization"] = f"Bearer {by.access}"
        if once:
            sent.setdefault("Idempotency-Key", new_token())
        async with self.http.request(method, self.url + path, json=body, data=form, headers=sent) as answer:
            is_json = "json" in answer.content_type
            return Reply(
                status=answer.status,
                body=await answer.json(content_type=None) if is_json else await answer.read(),
                headers=answer.headers,
            )

    async def age_token(self) -> str:
        return str((await self.call("POST", "/v1/identity/age-screens", ADULT)).body["age_token"])

    async def ask_for_account(self, person: Person, *, headers: Mapping[str, str] | None = None) -> Reply:
        body = {"age_token": await self.age_token(), "email": person.email, "password": person.password}
        return await self.call("POST", "/v1/identity/accounts", body, headers=headers)

    async def member(self, name: str = "ada") -> Person:
        """Return a new person with an account, logged in."""
        person = new_person(name)
        assert (await self.ask_for_account(person)).status == 202
        proof = await self.call("POST", "/v1/identity/verifications", {"token": await self.emailed_token(person)})
        person.account_id = proof.body["account_id"]
        return await self.log_in(person)

    async def log_in(self, person: Person) -> Person:
        """Log in; the person returned holds the new tokens, the one given keeps the old ones."""
        body = {"email": person.email, "password": person.password}
        reply = await self.call("POST", "/v1/identity/sessions", body)
        assert reply.status == 201, reply
        return replace(
            person,
            access=reply.body["access_token"],
            refresh=reply.body["refresh_token"],
            session_id=reply.body["session_id"],
            account_id=reply.body["account_id"],
        )

    async def refresh(self, token: str) -> Reply:
        return await self.call("POST", "/oauth/token", form={"grant_type": "refresh_token", "refresh_token": token})

    async def emails_to(self, email: str) -> list[EmailMessage]:
        """Return the letters that wait for the address, the oldest first; those whose key is gone are not sent."""
        letters: list[EmailMessage] = []
        for row in await self.chassis.mail_queue.list_due(10_000):
            with suppress(KeyDestroyedError):
                letters.append(await self.chassis.mail_queue.open_message(row))
        return [letter for letter in letters if letter.to.email == email]

    async def emailed_token(self, person: Person) -> str:
        [*_, letter] = [found for found in await self.emails_to(person.email) if "token=" in found.text]
        return letter.text.partition("token=")[2].split()[0]

    async def events(self, kind: type[R], *, about: str = "") -> list[R]:
        """Return the facts of one kind that identity has told."""
        wanted = {"type": event_type(kind, "identity"), **({"event_subject": about} if about else {})}
        rows = await self.chassis.db.get_collection(OutboxDocument).list(wanted, sort=["created_at"])
        return [kind.FromString(row.body) for row in rows]

    async def call_rpc(self, name: str, request: Message, *, purpose: Purpose, asker: str = "sync") -> Any:
        """Ask as another service does."""
        answer = next(one for one in self.parts.rpc_handlers if one.name == name)
        asked = RpcContext(caller=asker, purpose=purpose, deadline=self.clock() + timedelta(seconds=5))
        return await answer.run(request, asked)

    async def record_events(self, fact: Message, *, of: str) -> None:
        """Deliver a fact of another service to all who wait for it, as the consumer does."""
        kind = event_type(fact, of)
        delivery = EventDelivery(message_id=new_id("evt"), type=kind, subject="", time=self.clock(), redelivered=False)
        handlers = [one for sub in self.parts.subscriptions for one in sub.handlers if one.event_type == kind]
        for handler in handlers:
            await self.chassis.db.with_transaction(partial(handler.run, fact, delivery))

    @asynccontextmanager
    async def run_workers(self, *names: str) -> AsyncIterator[None]:
        """Run some of the service's own tasks, as the chassis does."""

        async def run(name: str) -> None:
            await self.parts.workers[name]()

        tasks = [asyncio.create_task(run(name)) for name in names]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def run_probe(self, promise_id: str) -> Finding:
        """Look at a promise as the runner of the probes does."""
        [probe] = [one for one in self.parts.probes if one.promise_id == promise_id]
        return await probe.check()


def build_settings(home: Path, *, mongo_url: str, amqp_url: str, database: str, **changed: str) -> Settings:
    """Return settings with a cheap Argon2, and files in *home*."""
    keyring = home / "keyring.json"
    if not keyring.exists():
        keyring.write_text(dump_keyring(make_keyring(USES, at=NOON)), encoding="utf-8")
    env = {
        "CANDOR_PUBLIC_URL": PUBLIC_URL,
        "CANDOR_KEYRING": str(keyring),
        "MONGO_URL": mongo_url,
        "MONGO_DATABASE": database,
        "AMQP_URL": amqp_url,
        "SMTP_URL": "smtp://127.0.0.1:9",
        "IDENTITY_RATE_LIMIT_PER_MINUTE": "1000000",
        **changed,
    }
    return Settings.from_env(env).model_copy(update={"argon2_memory_kib": 64, "argon2_rounds": 1})


@asynccontextmanager
async def open_harness(settings: Settings, clock: FixedClock, *, port: int = 0) -> AsyncIterator[IdentityHarness]:
    """Open the service; its tasks do not run, so that each step is taken when a test says so."""
    async with open_chassis("identity", settings.common, clock=clock, registry=listening_registry()) as chassis:
        parts = compose(chassis, settings)
        await chassis.db.ensure_collections(list_documents(parts))
        assert parts.token_trust is not None
        assert parts.on_startup is not None
        assert parts.on_shutdown is not None
        await parts.on_startup()
        app = build_service_app(chassis, parts, token_trust=parts.token_trust)
        async with (
            serve(app, "127.0.0.1", port) as url,
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
        ):
            yield IdentityHarness(chassis=chassis, parts=parts, settings=settings, clock=clock, url=url, http=http)
        parts.on_shutdown()
