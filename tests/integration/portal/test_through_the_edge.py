"""The pages behind the real edge proxy, with the real limits."""

import io
import zipfile
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from services.portal.app import compose
from services.portal.ports import PublicApi
from services.portal.settings import Settings
from shared.chassis import listening
from shared.settings import Env
from shared.stack.parts import edge as proxy
from tests.integration.portal.browser import Browser
from tests.integration.portal.conftest import some_ports
from tests.integration.portal.edge import PASSWORD, SERVICES, FakeEdge
from tests.support import FixedClock


async def _ok(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


House = AbstractAsyncContextManager[Browser]


@asynccontextmanager
async def opened(
    edge: FakeEdge, keyring: Path, http: aiohttp.ClientSession, clock: FixedClock, folder: Path
) -> AsyncIterator[Browser]:
    """Yield a browser that sees the proxy alone; the pages reach the APIs through it, too."""
    edge_port, admin_port, apis_port, portal_port = some_ports(4)
    url = f"http://127.0.0.1:{edge_port}"
    apis = edge.app()
    apis.router.add_get("/readyz", _ok)
    runner = web.AppRunner(apis, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", apis_port).start()
    values = {"CANDOR_MODE": "local", "CANDOR_PUBLIC_URL": url, "CANDOR_KEYRING": str(keyring)}
    portal = compose(Settings.from_env(Env(values)), PublicApi(http, url), clock=clock)
    upstreams = {**dict.fromkeys((*SERVICES, "mailbox"), apis_port), "portal": portal_port}
    door = proxy.Door(port=edge_port, admin_port=admin_port, public_url=url, upstreams=upstreams)
    async with (
        listening(portal, "127.0.0.1", portal_port),
        proxy.start(door, data=folder, log=folder / "edge.log"),
    ):
        yield Browser(http, url)
    await runner.cleanup()


@pytest.fixture
def house(edge: FakeEdge, keyring: Path, http: aiohttp.ClientSession, clock: FixedClock, tmp_path: Path) -> House:
    """The portal behind the proxy, not started yet."""
    return opened(edge, keyring, http, clock, tmp_path)


@pytest.fixture
async def through(house: House) -> AsyncIterator[Browser]:
    """A browser of a visitor of the running house."""
    async with house as browser:
        yield browser


async def test_a_person_comes_from_the_log_in_to_the_archive_and_to_the_receipts(
    house: House, edge: FakeEdge, tmp_path: Path
) -> None:
    async with house as browser:
        assert (await browser.log_in("ada@customers.example", PASSWORD)).title == "What we hold about you"
        await browser.post("/account/export")
        edge.exports["exp_1"]["state"] = "ready"
        archive = await browser.get("/account/exports/exp_1/archive")
        with zipfile.ZipFile(io.BytesIO(archive.raw)) as unpacked:
            assert unpacked.testzip() is None
        done = await browser.post("/account/erase", password=PASSWORD)
        assert done.path == "/account/erasures/era_1"
        assert done.headers["Referrer-Policy"] == "no-referrer"
    # Stopped, the proxy has written its log to the end; whoever knows the id of an erasure may read its receipts.
    logged = (tmp_path / "access.log").read_text()
    assert "/account/erasures/*" in logged
    assert "era_1" not in logged


async def test_what_operators_see_of_the_portal_stays_inside(through: Browser) -> None:
    for path in ("/metrics", "/readyz"):
        assert (await through.get(path)).status == 404
    assert (await through.get("/openapi.json")).status == 200


async def test_the_policy_of_a_page_survives_the_edge(through: Browser) -> None:
    page = await through.get("/")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert (await through.get("/docs/errors/request.timeout")).status == 200
