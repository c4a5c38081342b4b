"""Client of the public JSON APIs, through the edge.

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

from services.portal.errors import ApiProblemError, ApiUnavailableError
from shared import observe
from shared.settings import SettingError

RESPONSE_TIMEOUT = aiohttp.ClientTimeout(total=15, connect=3)
STREAM_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=3, sock_read=60)
MAX_RESPONSE_SIZE = 8 * 2**20
_CHUNK_SIZE = 2**16


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """One request to an API."""

    method: str = "GET"
    path: str
    token: str | None = field(default=None, repr=False)
    body: object = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    idempotency_key: str | None = None
    """Sent as Idempotency-Key."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ApiClient:
    """Calls the APIs with timeouts and a maximum response size."""

    http: aiohttp.ClientSession
    base_url: str

    async def request(self, request: ApiRequest) -> Any:
        """Return the JSON response, None for no content; ApiProblemError for a problem, ApiUnavailableError."""
        async with self._send(request, RESPONSE_TIMEOUT) as response:
            raw = await _read_limited(response)
            if response.status >= 400:
                raise _to_problem_error(response, raw)
            return _parse_json(raw) if raw else None

    @asynccontextmanager
    async def open_stream(self, request: ApiRequest) -> AsyncIterator[tuple[Mapping[str, str], AsyncIterator[bytes]]]:
        """Yield the headers and the chunks of a streaming response."""
        async with self._send(request, STREAM_TIMEOUT) as response:
            if response.status >= 400:
                raise _to_problem_error(response, await _read_limited(response))
            yield response.headers, response.content.iter_chunked(_CHUNK_SIZE)

    @asynccontextmanager
    async def _send(self, request: ApiRequest, limit: aiohttp.ClientTimeout) -> AsyncIterator[aiohttp.ClientResponse]:
        url = URL(self.base_url + request.path, encoded=True).with_query(dict(request.query) or None)
        try:
            async with self.http.request(
                request.method,
                url,
                json=request.body,
                data=request.form,
                headers=_build_headers(request),
                timeout=limit,
                allow_redirects=False,
            ) as response:
                yield response
        except (aiohttp.ClientError, TimeoutError) as fault:
            raise ApiUnavailableError from fault


@asynccontextmanager
async def open_api_client(base_url: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[ApiClient]:
    """Open the client; it stores no cookies, which would leak between visitors."""
    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(), connector=aiohttp.TCPConnector(limit=200, ssl=tls or True)
    ) as http:
        yield ApiClient(http, base_url)


def tls_context(ca_file: Path) -> ssl.SSLContext:
    """Return a TLS context that trusts only *ca_file*."""
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as fault:
        raise SettingError(f"PORTAL_API_CA={ca_file} cannot be used: {fault}") from fault
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _build_headers(request: ApiRequest) -> dict[str, str]:
    headers = {"Accept": "application/json", "traceparent": observe.current_traceparent(), **request.headers}
    if request.token is not None:
        headers["Authorization"] = f"Bearer {request.token}"
    if request.idempotency_key is not None:
        headers["Idempotency-Key"] = request.idempotency_key
    return {name: value for name, value in headers.items() if value}


async def _read_limited(response: aiohttp.ClientResponse) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in response.content.iter_chunked(_CHUNK_SIZE):
        size += len(piece)
        if size > MAX_RESPONSE_SIZE:
            raise ApiUnavailableError("The response was too large.")
        pieces.append(piece)
    return b"".join(pieces)


def _parse_json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError as fault:
        raise ApiUnavailableError("The response could not be read.") from fault


def _to_problem_error(response: aiohttp.ClientResponse, raw: bytes) -> ApiProblemError:
    try:
        problem = json.loads(raw)
    except ValueError:
        problem = {}
    wait = response.headers.get("Retry-After", "")
    return ApiProblemError.from_problem(
        response.status,
        problem if isinstance(problem, dict) else {},
        retry_after=int(wait) if wait.isdecimal() else None,
    )
