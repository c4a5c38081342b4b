"""Whose address a service sees: the visitor's own, through the pages as well as directly, whatever a header says."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from shared.clock import utc_now
from shared.stack.parts.edge import EdgeLimits
from shared.web import PUBLIC, RateLimit, RequestContext, View, build_app, get
from tests.integration.portal.browser import Browser
from tests.integration.portal.harness import EdgeUrls, behind_the_edge, serving
from tests.support import FixedClock
from tests.support.fake_services import until

LISTS = "/v1/newsletter/lists"
ADA, EVE = "127.0.0.2", "127.0.0.3"
"""On Linux every address of 127/8 is this machine: the proxy sees two clients."""


class Lists(View):
    """No lists; what is looked at here is who asks."""

    items: tuple[str, ...] = ()


class Newsletter:
    """A service that takes three requests of a client in an hour, and remembers whom it saw."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def lists(self, call: RequestContext) -> Lists:
        """Return no lists."""
        self.seen.append(call.client_address)
        return Lists()


@asynccontextmanager
async def visitor(address: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A client at this address."""
    connector = aiohttp.TCPConnector(local_addr=(address, 0))
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), connector=connector) as http:
        yield http


@pytest.fixture
async def ada() -> AsyncIterator[aiohttp.ClientSession]:
    """A client at one address."""
    async with visitor(ADA) as http:
        yield http


@pytest.fixture
async def eve() -> AsyncIterator[aiohttp.ClientSession]:
    """A client at another one."""
    async with visitor(EVE) as http:
        yield http


@pytest.fixture
def newsletter() -> Newsletter:
    """The service behind."""
    return Newsletter()


@pytest.fixture
async def urls(
    newsletter: Newsletter, keyring: Path, http: aiohttp.ClientSession, clock: FixedClock, tmp_path: Path
) -> AsyncIterator[EdgeUrls]:
    """The proxy with the portal and one real service."""
    hourly = RateLimit(3, timedelta(hours=1))
    route = get(LISTS, newsletter.lists, access=PUBLIC, summary="Read the lists", limit=hourly)
    app = build_app("newsletter", [route], public_url="http://127.0.0.1:8080")
    async with serving(app) as port, behind_the_edge(port, keyring, http, clock, tmp_path) as found:
        yield found


async def status(http: aiohttp.ClientSession, url: str, **headers: str) -> int:
    """Return the status of one answer."""
    async with http.get(url, headers=headers) as answer:
        return answer.status


async def test_two_visitors_of_the_pages_have_a_limit_each(
    urls: EdgeUrls, newsletter: Newsletter, ada: aiohttp.ClientSession, eve: aiohttp.ClientSession
) -> None:
    adas, eves = Browser(ada, urls.public), Browser(eve, urls.public)
    assert [(await adas.get("/newsletter")).status for _ in range(4)] == [200, 200, 200, 429]
    assert [(await eves.get("/newsletter")).status for _ in range(4)] == [200, 200, 200, 429]
    assert newsletter.seen == [ADA] * 3 + [EVE] * 3


async def test_a_visitor_has_one_limit_through_the_pages_and_directly(
    urls: EdgeUrls, ada: aiohttp.ClientSession
) -> None:
    pages = Browser(ada, urls.public)
    assert [await status(ada, urls.public + LISTS), (await pages.get("/newsletter")).status] == [200, 200]
    assert [await status(ada, urls.public + LISTS), (await pages.get("/newsletter")).status] == [200, 429]
    assert await status(ada, urls.public + LISTS) == 429


@pytest.mark.parametrize(
    "header",
    ["X-Forwarded-For", "x-forwarded-for", "Forwarded", "X-Real-Ip", "X-Envoy-External-Address", "X-Forwarded-For-"],
)
async def test_I08_a_forged_address_changes_nothing(
    urls: EdgeUrls, newsletter: Newsletter, ada: aiohttp.ClientSession, header: str
) -> None:
    for forged in ("127.0.0.9", "127.0.0.9, 127.0.0.10", "for=127.0.0.9"):
        await status(ada, urls.public + LISTS, **{header: forged})
    assert await status(ada, urls.public + LISTS) == 429
    assert set(newsletter.seen) == {ADA}


async def test_I08_a_forged_address_is_not_carried_on_by_the_pages(
    urls: EdgeUrls, newsletter: Newsletter, ada: aiohttp.ClientSession
) -> None:
    for _ in range(3):
        await status(ada, f"{urls.public}/newsletter", **{"X-Forwarded-For": "127.0.0.9", "Accept": "text/html"})
    assert newsletter.seen == [ADA] * 3


async def test_of_what_a_frontend_says_the_last_hop_alone_counts(
    urls: EdgeUrls, newsletter: Newsletter, http: aiohttp.ClientSession
) -> None:
    for said in ("127.0.0.9", "127.0.0.10, 127.0.0.9", "nonsense, 127.0.0.9"):
        await status(http, urls.frontend + LISTS, **{"X-Forwarded-For": said})
    assert await status(http, urls.frontend + LISTS, **{"X-Forwarded-For": "127.0.0.9"}) == 429
    assert newsletter.seen == ["127.0.0.9"] * 3


async def test_a_visit_is_logged_once_with_the_address_of_the_visitor(
    newsletter: Newsletter,
    keyring: Path,
    http: aiohttp.ClientSession,
    clock: FixedClock,
    tmp_path: Path,
    ada: aiohttp.ClientSession,
) -> None:
    app = build_app("newsletter", [get(LISTS, newsletter.lists, access=PUBLIC)], public_url="http://127.0.0.1:8080")
    async with serving(app) as port, behind_the_edge(port, keyring, http, clock, tmp_path) as urls:
        await Browser(ada, urls.public).get("/newsletter")
    # Stopped, the proxy has written its log to the end.
    [line] = (tmp_path / "access.log").read_text().splitlines()
    assert line.startswith(f"{ADA} - - [")
    assert '"GET /newsletter HTTP/1.1" 200' in line
    assert newsletter.seen == [ADA]


async def test_C04_the_proxy_goes_on_in_a_new_file_when_a_day_is_put_aside(
    newsletter: Newsletter, keyring: Path, http: aiohttp.ClientSession, clock: FixedClock, tmp_path: Path
) -> None:
    app = build_app("newsletter", [get(LISTS, newsletter.lists, access=PUBLIC)], public_url="http://127.0.0.1:8080")
    yesterday = utc_now() - timedelta(days=1)
    log, aside = tmp_path / "access.log", tmp_path / "access" / f"{yesterday:%Y-%m-%d}.log"
    log.write_text("a visit of yesterday\n")
    os.utime(log, (yesterday.timestamp(), yesterday.timestamp()))
    async with serving(app) as port, behind_the_edge(port, keyring, http, clock, tmp_path) as urls:
        await until(partial(asyncio.to_thread, aside.exists))

        async def written() -> bool:
            await status(http, urls.public + LISTS)
            return await asyncio.to_thread(log.exists)  # only the proxy creates it, and writes once in a second

        await until(written)
    assert aside.read_text() == "a visit of yesterday\n"
    assert '"GET /v1/newsletter/lists HTTP/1.1" 200' in log.read_text()


async def test_the_edge_limits_each_visitor_whom_a_frontend_speaks_for(
    newsletter: Newsletter, keyring: Path, http: aiohttp.ClientSession, clock: FixedClock, tmp_path: Path
) -> None:
    app = build_app("newsletter", [get(LISTS, newsletter.lists, access=PUBLIC)], public_url="http://127.0.0.1:8080")
    limits = EdgeLimits(client_requests_per_second=1, client_burst=2)
    async with (
        serving(app) as port,
        behind_the_edge(port, keyring, http, clock, tmp_path, limits=limits) as urls,
    ):
        said = [ADA, f"{EVE}, {ADA}", f"{ADA}, {ADA}", ADA, ADA, ADA, EVE, f"{ADA}, {EVE}"]
        answers = [await status(http, urls.frontend + LISTS, **{"X-Forwarded-For": hops}) for hops in said]
    assert (answers[:2], answers[5], answers[6:]) == ([200, 200], 429, [200, 200])
