"""Speaks HTTP to an application of ours: over a real socket, byte by byte where that is what is tested."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from joserfc.jwk import ECKey

from shared.chassis import serve
from shared.web import PROBLEM_MEDIA_TYPE, Principal, Route, TokenVerifier, build_app, issue_access_token
from shared.web.tokens import MAX_TOKEN_LIFETIME
from tests.support.fakes import NOON, FixedClock

PUBLIC_URL = "http://candor.example"
EMPTY: Mapping[str, str] = {}


class KnownTrust:
    """A ``shared.web.Trust`` that believes one key, and what a test adds."""

    def __init__(self) -> None:
        self.signer = ECKey.generate_key("P-256", {"kid": "key_1"}, auto_kid=False)
        self.keys: dict[str, ECKey] = {"key_1": self.signer}
        self.over: set[str] = set()

    async def get_key(self, kid: str) -> ECKey | None:
        return self.keys.get(kid)

    def is_revoked(self, session_id: str) -> bool:
        return session_id in self.over

    def token(self, who: Principal, *, at: datetime = NOON, life: timedelta = MAX_TOKEN_LIFETIME) -> str:
        return issue_access_token(who, self.signer, issuer=PUBLIC_URL, at=at, lifetime=life)

    def headers(self, who: Principal, *, at: datetime = NOON) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(who, at=at)}"}


def a_customer(name: str = "acc_ada", *, auth_time: datetime = NOON) -> Principal:
    return Principal(kind="customer", id=name, session=f"ses_{name}", auth_time=auth_time)


def a_member_of_staff(*roles: str) -> Principal:
    return Principal(kind="staff", id="acc_grace", session="ses_grace", roles=frozenset(roles), auth_time=NOON)


def a_partner(*scopes: str) -> Principal:
    return Principal(kind="partner", id="cli_1", session="ses_cli_1", scopes=frozenset(scopes), auth_time=NOON)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of the problem, which must be one that is whole."""
        problem = self.json
        media_type = self.headers["Content-Type"].partition(";")[0]
        # An endpoint of OAuth answers in plain JSON, with the member that its clients read.
        assert media_type == ("application/json" if "error" in problem else PROBLEM_MEDIA_TYPE), self
        assert problem["status"] == self.status
        assert problem["type"] == f"{PUBLIC_URL}/docs/errors/{problem['code']}"
        assert problem["instance"] == self.headers["X-Request-Id"] != ""
        assert set(problem) - {"error", "error_description"} == {
            "type",
            "title",
            "status",
            "detail",
            "code",
            "remedy",
            "fields",
            "instance",
        }
        return str(problem["code"])

    def __str__(self) -> str:
        return f"{self.status} {self.body[:300]!r}"


@dataclass(slots=True, kw_only=True)
class Site:
    """A served application and how to speak to it."""

    url: str
    session: aiohttp.ClientSession
    trust: KnownTrust = field(default_factory=KnownTrust)

    async def ask(self, method: str, path: str, **options: Any) -> Reply:
        async with self.session.request(method, self.url + path, allow_redirects=False, **options) as reply:
            return Reply(reply.status, reply.headers, await reply.read())

    async def get(self, path: str, **options: Any) -> Reply:
        return await self.ask("GET", path, **options)

    async def post(self, path: str, **options: Any) -> Reply:
        return await self.ask("POST", path, **options)

    async def say(self, request: bytes, *, pause: float = 0.0, rest: Iterable[bytes] = ()) -> Reply:
        """Send bytes as they are, then *rest* piece by piece with *pause* between; read one reply."""
        reader, writer = await self.connect()
        writer.write(request)
        sending = asyncio.create_task(_send(writer, rest, pause))
        try:
            async with asyncio.timeout(15):
                return await read_reply(reader)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            writer.close()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = urlsplit(self.url)
        return await asyncio.open_connection(parts.hostname, parts.port)


async def _send(writer: asyncio.StreamWriter, rest: Iterable[bytes], pause: float) -> None:
    for piece in rest:
        await asyncio.sleep(pause)
        writer.write(piece)
        await writer.drain()


async def read_reply(reader: asyncio.StreamReader) -> Reply:
    """Read one reply with a Content-Length."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.title(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("Content-Length", 0)))
    return Reply(int(head[0].split()[1]), headers, body)


@asynccontextmanager
async def site(app: web.Application, trust: KnownTrust | None = None) -> AsyncIterator[Site]:
    """Serve *app* as a service does."""
    async with (
        serve(app, "127.0.0.1", 0) as url,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20), auto_decompress=False) as session,
    ):
        yield Site(url=url, session=session, trust=trust or KnownTrust())


@asynccontextmanager
async def serving(*routes: Route, clock: FixedClock | None = None, **parts: Any) -> AsyncIterator[Site]:
    """Serve *routes* as the service ``demo``, at noon, with a trust that the site shows."""
    trust = KnownTrust()
    app = build_app(
        "demo",
        routes,
        public_url=PUBLIC_URL,
        verifier=TokenVerifier(trust=trust, issuer=PUBLIC_URL),
        clock=clock or FixedClock(),
        **parts,
    )
    async with site(app, trust) as served:
        yield served
