"""The way to the public JSON APIs: through the edge, with the visitor's own token, like any other client.

Not a Protocol: there is one implementation, and tests answer it with a real server on loopback.
"""

import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from services.portal.errors import ApiAwayError, RefusedError
from shared import observe
from shared.settings import SettingError

ANSWER_TIME = aiohttp.ClientTimeout(total=15, connect=3)
STREAM_TIME = aiohttp.ClientTimeout(total=None, connect=3, sock_read=60)
LARGEST_ANSWER = 8 * 2**20
_CHUNK = 2**16


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request to an API."""

    method: str = "GET"
    path: str
    token: str | None = field(default=None, repr=False)
    body: object = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    once: str | None = None
    """The Idempotency-Key."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class PublicApi:
    """Asks the APIs; every wait has a limit, every answer a largest size."""

    http: aiohttp.ClientSession
    base_url: str

    async def ask(self, ask: Ask) -> Any:
        """Return the JSON of the answer, None for no content; a refusal is raised as RefusedError."""
        async with self._answered(ask, ANSWER_TIME) as answer:
            raw = await _read(answer)
            if answer.status >= 400:
                raise _refusal(answer, raw)
            return _json(raw) if raw else None

    @asynccontextmanager
    async def stream(self, ask: Ask) -> AsyncIterator[tuple[Mapping[str, str], AsyncIterator[bytes]]]:
        """Yield the headers and the pieces of a long answer."""
        async with self._answered(ask, STREAM_TIME) as answer:
            if answer.status >= 400:
                raise _refusal(answer, await _read(answer))
            yield answer.headers, answer.content.iter_chunked(_CHUNK)

    @asynccontextmanager
    async def _answered(self, ask: Ask, limit: aiohttp.ClientTimeout) -> AsyncIterator[aiohttp.ClientResponse]:
        url = URL(self.base_url + ask.path, encoded=True).with_query(dict(ask.query) or None)
        try:
            async with self.http.request(
                ask.method,
                url,
                json=ask.body,
                data=ask.form,
                headers=_headers(ask),
                timeout=limit,
                allow_redirects=False,
            ) as answer:
                yield answer
        except (aiohttp.ClientError, TimeoutError) as fault:
            raise ApiAwayError from fault


@asynccontextmanager
async def open_api(base_url: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[PublicApi]:
    """Open the client; it keeps no cookies, for one visitor's must not become another's."""
    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(), connector=aiohttp.TCPConnector(limit=200, ssl=tls or True)
    ) as http:
        yield PublicApi(http, base_url)


def trusting(authority: Path) -> ssl.SSLContext:
    """Return the context of a client that believes *authority* and nobody else."""
    try:
        made = ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError) as fault:
        raise SettingError(f"PORTAL_API_CA={authority} cannot be used: {fault}") from fault
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    return made


def _headers(ask: Ask) -> dict[str, str]:
    headers = {"Accept": "application/json", "traceparent": observe.current_traceparent(), **ask.headers}
    if ask.token is not None:
        headers["Authorization"] = f"Bearer {ask.token}"
    if ask.once is not None:
        headers["Idempotency-Key"] = ask.once
    return {name: value for name, value in headers.items() if value}


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in answer.content.iter_chunked(_CHUNK):
        size += len(piece)
        if size > LARGEST_ANSWER:
            raise ApiAwayError("An answer was larger than any that this page expects.")
        pieces.append(piece)
    return b"".join(pieces)


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError as fault:
        raise ApiAwayError("An answer could not be read.") from fault


def _refusal(answer: aiohttp.ClientResponse, raw: bytes) -> RefusedError:
    try:
        problem = json.loads(raw)
    except ValueError:
        problem = {}
    wait = answer.headers.get("Retry-After", "")
    return RefusedError.of(
        answer.status,
        problem if isinstance(problem, dict) else {},
        retry_after=int(wait) if wait.isdecimal() else None,
    )
