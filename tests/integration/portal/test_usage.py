"""The page about usage statistics, and page views: off by default, and stopped by a signal of the browser."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from services.portal.app import compose
from services.portal.domain import COOKIES, COUNTED_PAGES
from services.portal.ports.api_client import ApiClient
from services.portal.settings import Settings
from shared.chassis import serve
from tests.architecture.tree import SERVICES
from tests.integration.portal.browser import Browser
from tests.integration.portal.conftest import PUBLIC_URL
from tests.integration.portal.edge import FakeEdge
from tests.support import FixedClock

PAGES = (
    "/",
    "/policy",
    "/policy/cookies",
    "/policy/usage",
    "/promises",
    "/statistics",
    "/newsletter",
    "/security",
    "/docs",
)
NOT_COUNTED = ("/account/log-in", "/account/sign-up", "/account/report", "/account/forgot-password", "/nothing")
SCRIPT = "//script[contains(@src, 'page-views.js')]"


async def test_the_page_shows_the_question_and_what_a_report_contains(browser: Browser) -> None:
    page = await browser.get("/policy/usage")
    assert (page.name, page.part("question")) == ("usage", "May this program report?")
    assert page.part("collected") == "week counters.launches"
    assert "page-views-off" in page.marks


async def test_the_page_says_when_the_question_is_unavailable(browser: Browser, edge: FakeEdge) -> None:
    edge.away = {"/v1/telemetry"}
    page = await browser.get("/policy/usage")
    assert (page.status, "unavailable" in page.marks) == (200, True)


@pytest.mark.parametrize("path", [*PAGES, *NOT_COUNTED])
async def test_C02_no_page_counts_its_views_unless_the_deployment_turns_it_on(browser: Browser, path: str) -> None:
    assert not (await browser.get(path)).tree.xpath(SCRIPT)


@pytest.fixture
async def counting(
    keyring: Path, edge_url: str, http: aiohttp.ClientSession, clock: FixedClock
) -> AsyncIterator[Browser]:
    """A visitor of a site that counts page views; the portal ends with the test."""
    values = {"CANDOR_MODE": "local", "CANDOR_PUBLIC_URL": PUBLIC_URL, "CANDOR_KEYRING": str(keyring)}
    settings = Settings.from_env(values | {"CANDOR_PAGE_VIEWS": "yes"})
    async with serve(compose(settings, ApiClient(http, edge_url), clock=clock), "127.0.0.1", 0) as url:
        yield Browser(http, url)


@pytest.mark.parametrize("path", PAGES)
async def test_C02_a_public_page_loads_the_script_that_counts_it(counting: Browser, path: str) -> None:
    page = await counting.get(path)
    assert page.name in COUNTED_PAGES
    assert len(page.tree.xpath(SCRIPT)) == 1
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "We count how often public pages are shown" in page.text


@pytest.mark.parametrize("signal", ["Sec-GPC", "DNT"])
async def test_C02_a_browser_that_asks_not_to_be_tracked_does_not_load_the_script(
    counting: Browser, signal: str
) -> None:
    counting.headers[signal] = "1"
    for path in PAGES:
        page = await counting.get(path)
        assert not page.tree.xpath("//script")
        assert "script-src" not in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", NOT_COUNTED)
async def test_C02_no_page_with_a_form_for_an_account_is_counted(counting: Browser, path: str) -> None:
    assert not (await counting.get(path)).tree.xpath(SCRIPT)


def test_each_counted_page_is_a_template() -> None:
    templates = {path.stem for path in (SERVICES / "portal/templates").glob("*.html")}
    assert templates >= COUNTED_PAGES


async def test_C02_programs_read_the_register_of_cookies(browser: Browser) -> None:
    page = await browser.get("/policy/cookies.json")
    names = [cookie.browser_name(PUBLIC_URL) for cookie in COOKIES]
    assert page.raw.decode() == f'{{"cookies": {names}, "counts_page_views": false}}'.replace("'", '"')


async def test_staff_see_the_page_views_and_whether_they_are_counted(sven: Browser) -> None:
    page = await sven.get("/staff/page-views")
    assert (page.name, page.marks[-1]) == ("staff_page_views", "off")
    assert "home12" in page.text


async def test_customers_see_no_page_views(ada: Browser) -> None:
    assert (await ada.get("/staff/page-views")).status == 403
