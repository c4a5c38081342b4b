"""The pages behind the real edge proxy, with the real limits."""

import io
import zipfile
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.integration.portal.browser import Browser
from tests.integration.portal.edge import PASSWORD, FakeEdge
from tests.integration.portal.harness import behind_the_edge, serving
from tests.support import FixedClock

OpenBrowser = AbstractAsyncContextManager[Browser]


@asynccontextmanager
async def opened(
    edge: FakeEdge, keyring: Path, http: aiohttp.ClientSession, clock: FixedClock, folder: Path
) -> AsyncIterator[Browser]:
    """Yield a browser that sees the proxy alone; the pages reach the APIs through it, too."""
    async with serving(edge.app()) as apis, behind_the_edge(apis, keyring, http, clock, folder) as urls:
        yield Browser(http, urls.public)


@pytest.fixture
def harness(
    edge: FakeEdge, keyring: Path, http: aiohttp.ClientSession, clock: FixedClock, tmp_path: Path
) -> OpenBrowser:
    """The portal behind the proxy, not started yet."""
    return opened(edge, keyring, http, clock, tmp_path)


@pytest.fixture
async def through(harness: OpenBrowser) -> AsyncIterator[Browser]:
    """A browser of a visitor of the running harness."""
    async with harness as browser:
        yield browser


async def test_a_person_comes_from_the_log_in_to_the_archive_and_to_the_receipts(
    harness: OpenBrowser, edge: FakeEdge, tmp_path: Path
) -> None:
    async with harness as browser:
        assert (await browser.log_in("ada@customers.example", PASSWORD)).name == "account"
        await browser.post("/account/export")
        edge.exports["exp_1"]["state"] = "ready"
        archive = await browser.get("/account/exports/exp_1/archive")
        with zipfile.ZipFile(io.BytesIO(archive.raw)) as unpacked:
            assert unpacked.testzip() is None
        done = await browser.post("/account/erase", password=PASSWORD)
        assert done.path == "/account/erasures/era_1"
        assert done.headers["Referrer-Policy"] == "no-referrer"
    # Stopped, the proxy has written its log to the end; anyone with the id of an erasure may read its receipts.
    logged = (tmp_path / "access.log").read_text()
    assert "/account/erasures/*" in logged
    assert "era_1" not in logged


async def test_C28_the_number_of_a_report_is_in_no_log(harness: OpenBrowser, edge: FakeEdge, tmp_path: Path) -> None:
    async with harness as browser:
        page = await browser.post("/account/report", kind="security_problem", text="A hole.")
        assert page.path == "/account/reports/rep_1?done=taken"
        await browser.get("/v1/identity/abuse-reports/rep_1")
    logged = (tmp_path / "access.log").read_text()
    assert "/account/reports/*" in logged
    assert "/v1/identity/abuse-reports/*" in logged
    assert "rep_1" not in logged


async def test_what_operators_see_of_the_portal_stays_inside(through: Browser) -> None:
    for path in ("/metrics", "/readyz"):
        assert (await through.get(path)).status == 404
    assert (await through.get("/openapi.json")).status == 200


async def test_the_policy_of_a_page_survives_the_edge(through: Browser) -> None:
    page = await through.get("/")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert (await through.get("/docs/errors/http.request.timeout")).status == 200
