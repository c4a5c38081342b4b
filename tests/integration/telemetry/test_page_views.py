"""Page views: a page and a week, counted only where it is turned on and the browser does not refuse."""

import asyncio
from datetime import timedelta

import pytest

from services.telemetry.domain import Calendar, Stream
from services.telemetry.domain.page_views import Page
from services.telemetry.domain.weeks import ISO_LENGTH
from services.telemetry.errors import PageViewsOffError
from services.telemetry.service import PageViewService
from services.telemetry.store import DOCUMENTS, PageViews
from shared.mongo import Database
from tests.support import NOON, RawWriter
from tests.support.running import Running


@pytest.fixture
async def page_views(database: Database) -> PageViewService:
    """Counts page views, turned on."""
    await database.ensure_collections(DOCUMENTS)
    return build_service(database, enabled=True)


def build_service(database: Database, *, enabled: bool) -> PageViewService:
    calendar = Calendar(Stream.SOFTWARE, ISO_LENGTH)
    return PageViewService(page_views=PageViews(database), calendar=calendar, enabled=enabled)


async def test_C02_a_page_view_is_a_page_and_a_week_and_nothing_else(
    page_views: PageViewService, database: Database, planter: RawWriter
) -> None:
    for page in (Page.HOME, Page.POLICY, Page.HOME):
        await page_views.count_view(page, at=NOON, is_refused=False)
    rows = await planter.read_raw(database, "page_views")
    assert {name for row in rows for name in row} == {"_id", "week", "page", "views"}
    week = page_views.calendar.week_at(NOON).name
    assert {row["_id"]: row["views"] for row in rows} == {f"{week}/home": 2, f"{week}/policy": 1}


async def test_C02_a_view_that_the_browser_refuses_is_not_counted(page_views: PageViewService) -> None:
    await page_views.count_view(Page.HOME, at=NOON, is_refused=True)
    assert await page_views.list_views() == {}


async def test_C02_nothing_is_counted_until_the_deployment_turns_it_on(
    database: Database, page_views: PageViewService
) -> None:
    with pytest.raises(PageViewsOffError):
        await build_service(database, enabled=False).count_view(Page.HOME, at=NOON, is_refused=False)
    assert await page_views.list_views() == {}


async def test_twenty_views_at_once_are_twenty(page_views: PageViewService) -> None:
    await asyncio.gather(*(page_views.count_view(Page.HOME, at=NOON, is_refused=False) for _ in range(20)))
    [counts] = (await page_views.list_views()).values()
    assert [count.views for count in counts] == [20]


async def test_staff_see_the_newest_week_first_and_its_pages_by_name(page_views: PageViewService) -> None:
    for days, page in ((0, Page.POLICY), (0, Page.HOME), (7, Page.HOME)):
        await page_views.count_view(page, at=NOON + timedelta(days=days), is_refused=False)
    found = await page_views.list_views()
    assert list(found) == sorted(found, reverse=True)
    assert [[count.page for count in counts] for counts in found.values()] == [["home"], ["home", "policy"]]


PATH = "/v1/telemetry/page-views"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"page": "home"}, 403),  # the service of these tests has it turned off
        ({"page": "account"}, 422),
        ({"page": "/policy?email=a@b.example"}, 422),
        ({"page": "home", "visitor": "x"}, 422),
        ({}, 422),
    ],
)
async def test_only_a_page_of_the_closed_list_is_taken(service: Running, body: dict[str, str], status: int) -> None:
    assert (await service.call("POST", PATH, body=body)).status == status


async def test_page_views_are_for_staff(service: Running) -> None:
    assert (await service.call("GET", PATH)).status == 401
