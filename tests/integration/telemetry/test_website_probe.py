"""C02 in production: the probe visits the website as a reader does. Each breach is planted on a real server."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from services.portal.app import compose
from services.portal.ports.api_client import ApiClient
from services.portal.settings import Settings
from services.telemetry.ports import Website
from services.telemetry.promises import WebsiteProbes
from shared.chassis import serve
from shared.crypto.keyring import dump_keyring, make_keyring
from shared.policy import PromiseState
from shared.promises import Finding
from tests.support import NOON

PUBLIC_URL = "http://127.0.0.1:8080"
Handle = Callable[[web.Request], web.Response]


async def check(base_url: str) -> Finding:
    [probe] = WebsiteProbes(website=Website(base_url=base_url)).build_probes()
    assert probe.promise_id == "C02"
    return await probe.check()


@asynccontextmanager
async def planted(page: Handle, *, counts: bool = False) -> AsyncIterator[str]:
    """A website with one listed cookie, whose pages are all *page*."""

    async def register(_: web.Request) -> web.Response:
        return web.json_response({"cookies": ["candor-8080"], "counts_page_views": counts})

    async def show(request: web.Request) -> web.Response:
        return page(request)

    app = web.Application()
    app.router.add_get("/policy/cookies.json", register)
    app.router.add_get("/{tail:.*}", show)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def plain_page(_: web.Request) -> web.Response:
    return web.Response(text="a page")


def tracking_page(request: web.Request) -> web.Response:
    page = web.Response(text="a page")
    page.set_cookie("visitor_id", "1")
    return page


def page_that_returns_an_unlisted_cookie(request: web.Request) -> web.Response:
    page = web.Response(text="a page")
    if request.cookies:
        page.set_cookie("analytics", "1")
    return page


def counted_page(request: web.Request) -> web.Response:
    """Counts whatever the browser asks."""
    return web.Response(text='<script src="/static/page-views.js?v=1"></script>')


def counted_page_without_gpc(request: web.Request) -> web.Response:
    """Respects Global Privacy Control, but not Do Not Track."""
    return plain_page(request) if "Sec-GPC" in request.headers else counted_page(request)


@pytest.fixture
async def portal_url(tmp_path: Path) -> AsyncIterator[str]:
    """The real portal, with no API behind it."""
    keyring = tmp_path / "portal.keyring.json"
    keyring.write_text(dump_keyring(make_keyring(["link"], at=NOON)))
    values = {"CANDOR_MODE": "local", "CANDOR_PUBLIC_URL": PUBLIC_URL, "CANDOR_KEYRING": str(keyring)}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        portal = compose(Settings.from_env(values | {"CANDOR_PAGE_VIEWS": "yes"}), ApiClient(http, PUBLIC_URL))
        async with serve(portal, "127.0.0.1", 0) as url:
            yield url


@pytest.mark.parametrize(
    ("page", "counts", "evidence"),
    [
        (tracking_page, False, "/ sets visitor_id for a reader"),
        (page_that_returns_an_unlisted_cookie, False, "/ sets analytics, which is not listed"),
        (counted_page, False, "/ counts its views without saying so"),
        (counted_page, True, "/ counts its views in spite of Sec-GPC"),
        (counted_page_without_gpc, True, "/ counts its views in spite of DNT"),
    ],
)
async def test_C02_each_breach_of_the_website_is_found(page: Handle, counts: bool, evidence: str) -> None:
    async with planted(page, counts=counts) as url:
        finding = await check(url)
    assert finding.state is PromiseState.BROKEN
    assert evidence in finding.evidence


async def test_C02_a_website_that_cannot_be_reached_is_unknown(unused_tcp_port: int) -> None:
    assert (await check(f"http://127.0.0.1:{unused_tcp_port}")).state is PromiseState.UNKNOWN


async def test_C02_a_website_without_a_register_is_unknown() -> None:
    async with planted(plain_page) as url:
        assert (await check(f"{url}/nothing")).state is PromiseState.UNKNOWN


async def test_C02_the_real_portal_keeps_the_promise_and_its_set_cookie_was_seen(portal_url: str) -> None:
    finding = await check(portal_url)
    assert finding.state is PromiseState.KEPT, finding.evidence
    assert finding.evidence == "16 responses, 1 cookies set, all of them listed"
