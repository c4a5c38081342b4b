"""The real portal in front of a small real edge, and browsers that visit it."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from services.portal.app import compose
from services.portal.ports.api_client import ApiClient
from services.portal.settings import Settings
from shared.chassis import serve
from shared.crypto.keyring import dump_keyring, make_keyring
from tests.integration.portal.browser import Browser
from tests.integration.portal.edge import PASSWORD, FakeEdge
from tests.support import NOON, FixedClock

PUBLIC_URL = "http://127.0.0.1:8080"
NewBrowser = Callable[[], Browser]


def some_ports(count: int) -> list[int]:
    """Return ports that the kernel hands out: of two runs at the same time none gets what the other has."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@pytest.fixture(scope="session")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A keyring with a key for links."""
    path = tmp_path_factory.mktemp("keys") / "portal.keyring.json"
    path.write_text(dump_keyring(make_keyring(["link"], at=NOON)))
    return path


@pytest.fixture
def settings(keyring: Path) -> Settings:
    """The settings of the local stack."""
    values = {"CANDOR_MODE": "local", "CANDOR_PUBLIC_URL": PUBLIC_URL, "CANDOR_KEYRING": str(keyring)}
    return Settings.from_env(values)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that keeps no cookies of its own."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as opened:
        yield opened


@pytest.fixture
def edge(clock: FixedClock) -> FakeEdge:
    """The APIs behind the pages."""
    return FakeEdge(clock)


@pytest.fixture
async def edge_url(edge: FakeEdge) -> AsyncIterator[str]:
    """Where the APIs are."""
    runner = web.AppRunner(edge.app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def portal_url(
    settings: Settings, edge_url: str, http: aiohttp.ClientSession, clock: FixedClock
) -> AsyncIterator[str]:
    """The portal, listening."""
    app = compose(settings, ApiClient(http, edge_url), clock=clock)
    async with serve(app, "127.0.0.1", 0) as url:
        yield url


@pytest.fixture
def new_browser(http: aiohttp.ClientSession, portal_url: str) -> NewBrowser:
    """Make browsers, each with cookies of its own."""
    return lambda: Browser(http, portal_url)


@pytest.fixture
def browser(new_browser: NewBrowser) -> Browser:
    """A browser of a visitor who is not logged in."""
    return new_browser()


@pytest.fixture
async def ada(new_browser: NewBrowser) -> Browser:
    """A customer who is logged in."""
    opened = new_browser()
    assert (await opened.log_in("ada@customers.example", PASSWORD)).status == 200
    return opened


@pytest.fixture
async def dora(new_browser: NewBrowser) -> Browser:
    """A member of the staff for disclosure."""
    opened = new_browser()
    assert (await opened.log_in("dora@staff.example", PASSWORD)).status == 200
    return opened


@pytest.fixture
async def emil(new_browser: NewBrowser) -> Browser:
    """Another one."""
    opened = new_browser()
    assert (await opened.log_in("emil@staff.example", PASSWORD)).status == 200
    return opened


@pytest.fixture
async def erin(new_browser: NewBrowser) -> Browser:
    """An engineer."""
    opened = new_browser()
    assert (await opened.log_in("erin@staff.example", PASSWORD)).status == 200
    return opened


@pytest.fixture
async def sven(new_browser: NewBrowser) -> Browser:
    """One of customer service."""
    opened = new_browser()
    assert (await opened.log_in("sven@staff.example", PASSWORD)).status == 200
    return opened


@pytest.fixture
async def sina(new_browser: NewBrowser) -> Browser:
    """One of the security people."""
    opened = new_browser()
    assert (await opened.log_in("sina@staff.example", PASSWORD)).status == 200
    return opened
