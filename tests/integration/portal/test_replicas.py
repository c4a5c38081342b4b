"""Two replicas of the portal, of which a browser meets now the one, now the other."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest

from services.portal.app import compose
from services.portal.ports.api_client import ApiClient
from services.portal.settings import Settings
from shared.chassis import serve
from tests.integration.portal.browser import Browser
from tests.integration.portal.edge import FakeEdge
from tests.support import FixedClock

HELD = "account"


@pytest.fixture
async def elsewhere(
    ada: Browser, settings: Settings, edge_url: str, http: aiohttp.ClientSession, clock: FixedClock
) -> AsyncIterator[Browser]:
    """The second tab of ada's browser, whose requests meet another replica; it has the cookies of the first."""
    app = compose(settings, ApiClient(http, edge_url), clock=clock)
    async with serve(app, "127.0.0.1", 0) as url:
        yield Browser(http, url, cookies=ada.cookies)


async def test_two_tabs_that_refresh_at_two_replicas_stay_logged_in(
    ada: Browser, elsewhere: Browser, edge: FakeEdge, clock: FixedClock
) -> None:
    clock.advance(timedelta(minutes=6))
    pages = await asyncio.gather(*(tab.get("/account") for tab in (ada, elsewhere) * 3))
    assert {page.name for page in pages} == {HELD}
    assert edge.refreshes == 2
    clock.advance(timedelta(minutes=6))
    assert (await ada.get("/account")).name == (await elsewhere.get("/account")).name == HELD


async def test_the_late_replica_leaves_the_new_cookie_alone(
    ada: Browser, elsewhere: Browser, clock: FixedClock
) -> None:
    elsewhere.cookies = dict(ada.cookies)
    clock.advance(timedelta(minutes=6))
    await ada.get("/account")
    kept = dict(elsewhere.cookies)
    assert (await elsewhere.get("/account")).name == HELD
    assert elsewhere.cookies == kept


async def test_a_cookie_that_was_stolen_ends_the_session_when_it_is_used_later(
    ada: Browser, elsewhere: Browser, edge: FakeEdge, clock: FixedClock
) -> None:
    elsewhere.cookies = dict(ada.cookies)
    clock.advance(timedelta(minutes=6))
    await ada.get("/account")
    clock.advance(timedelta(seconds=20))
    assert (await elsewhere.get("/account")).name == "login"
    assert not edge.sessions
    assert (await ada.get("/account")).name == "login"
