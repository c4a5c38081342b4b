"""The website as a visitor sees it: what its responses set and load."""

import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

_TIMEOUT = aiohttp.ClientTimeout(total=10, connect=3)
_MAX_PAGE_BYTES = 2**20
REGISTER_PATH = "/policy/cookies.json"


class WebsiteUnavailableError(Exception):
    """The website cannot be reached, or does not answer as a website."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One response: the names of the cookies that it sets, and its text."""

    cookies: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class CookieRegister:
    """The cookies that the website lists, and whether it says that it counts page views."""

    cookies: frozenset[str]
    counts_page_views: bool


@dataclass(frozen=True, slots=True)
class Visitor:
    """A visitor who keeps no cookies."""

    http: aiohttp.ClientSession = field(repr=False)
    base_url: str

    async def get_page(self, path: str, headers: Mapping[str, str] | None = None) -> Visit:
        """Return the response to *path*, an error page too, without following it. Raises WebsiteUnavailableError."""
        accept = {"Accept": "text/html", **(headers or {})}
        try:
            async with self.http.get(self.base_url + path, headers=accept, allow_redirects=False) as response:
                raw = await response.content.read(_MAX_PAGE_BYTES)
        except (aiohttp.ClientError, TimeoutError) as fault:
            raise WebsiteUnavailableError(type(fault).__name__) from fault
        names = tuple(header.partition("=")[0].strip() for header in response.headers.getall("Set-Cookie", ()))
        return Visit(names, raw.decode(errors="replace"))

    async def get_register(self) -> CookieRegister:
        """Return the register of cookies. Raises WebsiteUnavailableError."""
        try:
            found = json.loads((await self.get_page(REGISTER_PATH)).text)
            return CookieRegister(frozenset(map(str, found["cookies"])), bool(found["counts_page_views"]))
        except (ValueError, KeyError, TypeError) as fault:
            raise WebsiteUnavailableError("there is no register of cookies") from fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Website:
    """Where the website is."""

    base_url: str
    ca: Path | None = None

    @asynccontextmanager
    async def open_visitor(self) -> AsyncIterator[Visitor]:
        """Yield a visitor with connections of its own."""
        tls = ssl.create_default_context(cafile=self.ca) if self.ca else True
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=tls), cookie_jar=aiohttp.DummyCookieJar(), timeout=_TIMEOUT
        ) as http:
            yield Visitor(http, self.base_url)
