"""A list is read page by page; a cursor is good for the list, the filter and the caller it was given to."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from shared.clock import utc_now
from shared.crypto import Keyring, TokenSealer
from shared.crypto.keyring import Key, KeyUse
from shared.web import CursorPage, PageQuery, Paginator, RequestContext, View, customer, get
from tests.support import FixedClock
from tests.support.http import Reply, Site, a_customer, serving

ITEMS = [f"item {number:03}" for number in range(25)]


class Item(View):
    name: str


class Filtered(PageQuery):
    kind: str = "all"


def links(key_id: str = "key_link") -> TokenSealer:
    return TokenSealer(
        Keyring([Key(id=key_id, use=KeyUse.LINK, created_at=utc_now(), secret=key_id.encode().ljust(32, b"."))])
    )


class Lists:
    def __init__(self) -> None:
        self.pages = Paginator(links())

    async def items(self, call: RequestContext, query: Filtered) -> CursorPage[Item]:
        """List the items."""
        after = self.pages.decode_cursor(call, query) or ""
        found = [item for item in ITEMS if item > after][: query.limit + 1]
        return self.pages.render(call, query, found, view=lambda item: Item(name=item), position=lambda item: item)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def demo(clock: FixedClock) -> AsyncIterator[Site]:
    lists = Lists()
    mine = customer()
    async with serving(
        get("/items", lists.items, access=mine), get("/others", lists.items, access=mine), clock=clock
    ) as site:
        yield site


async def page(
    demo: Site, cursor: str | None = None, path: str = "/items", who: str = "acc_ada", **query: str
) -> Reply:
    given = {**query, **({"cursor": cursor} if cursor is not None else {})}
    return await demo.get(path, params=given, headers=demo.trust.headers(a_customer(who)))


async def test_pages_make_the_whole_list_each_item_once(demo: Site) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        found = (await page(demo, cursor, limit="7")).json
        seen += [item["name"] for item in found["items"]]
        if (cursor := found["next_cursor"]) is None:
            break
    assert seen == ITEMS


async def test_the_page_size_may_change_on_the_way(demo: Site) -> None:
    cursor = (await page(demo, limit="5")).json["next_cursor"]
    assert (await page(demo, cursor, limit="2")).json["items"] == [{"name": "item 005"}, {"name": "item 006"}]


async def test_a_cursor_is_refused_where_it_was_not_given(demo: Site) -> None:
    cursor = (await page(demo, limit="5")).json["next_cursor"]
    refused = [
        await page(demo, cursor, path="/others"),
        await page(demo, cursor, who="acc_grace"),
        await page(demo, cursor, kind="some"),
    ]
    assert {(reply.status, reply.code) for reply in refused} == {(400, "page.cursor.invalid")}


async def test_a_cursor_that_was_altered_anywhere_is_refused(demo: Site) -> None:
    cursor = (await page(demo, limit="5")).json["next_cursor"]
    for place in range(0, len(cursor), 5):
        altered = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        assert (await page(demo, altered)).code == "page.cursor.invalid", place


@pytest.mark.parametrize("cursor", ["", "x", "key_link.", "key_link.AAAA", "é.é", "." * 100, "1" * 1_999])
async def test_a_cursor_that_was_made_up_is_refused(demo: Site, cursor: str) -> None:
    assert (await page(demo, cursor)).code == "page.cursor.invalid"


async def test_a_cursor_for_another_purpose_or_of_another_house_is_refused(demo: Site, clock: FixedClock) -> None:
    later = clock() + timedelta(hours=1)
    claims = {"list": "x", "after": "item 005"}
    for made in (
        links().issue("mail.verify", claims, expires_at=later),
        links("key_of_evil").issue("web.cursor", claims, expires_at=later),
    ):
        assert (await page(demo, made)).code == "page.cursor.invalid"


async def test_a_cursor_lasts_a_day(demo: Site, clock: FixedClock) -> None:
    cursor = (await page(demo, limit="5")).json["next_cursor"]
    clock.advance(timedelta(hours=24))
    headers = demo.trust.headers(a_customer(), at=clock())
    assert (await demo.get("/items", params={"cursor": cursor}, headers=headers)).code == "page.cursor.invalid"


@pytest.mark.parametrize("limit", ["0", "201", "-1", "many", "1e3", ""])
async def test_a_page_has_between_one_and_two_hundred_items(demo: Site, limit: str) -> None:
    assert (await page(demo, limit=limit)).code == "http.request.invalid"


async def test_a_cursor_shows_nothing_of_where_it_stands(demo: Site) -> None:
    assert "item" not in (await page(demo, limit="5")).json["next_cursor"]
