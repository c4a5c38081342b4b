"""The links in mails: each leads to a page, and nothing happens before its button is pressed."""

import re

import pytest

from services.portal.api import EMAIL_LINK_PAGES
from tests.architecture.tree import SERVICES
from tests.integration.portal.browser import Browser
from tests.integration.portal.edge import FakeEdge

MAILED = re.compile(r"\{+ *[\w.]*url *\}+(/[a-z0-9/-]+)")
ONE_CLICK = "/v1/newsletter/unsubscribe/"
"""For mail programs, which send POST there (RFC 8058)."""
WITH_TOKEN = [link.path for link in EMAIL_LINK_PAGES]


def mailed() -> set[str]:
    """Return the paths of all links that services write into mails."""
    written = [path for path in SERVICES.rglob("*") if path.suffix in {".py", ".txt", ".html"}]
    texts = [path.read_text(encoding="utf-8") for path in written if not path.is_relative_to(SERVICES / "portal")]
    return {found for text in texts for found in MAILED.findall(text)} - {ONE_CLICK}


def test_the_links_are_found() -> None:
    assert {*WITH_TOKEN, "/account/verify", "/account/reset-password", "/account/erasures/"} <= mailed()


EXAMPLES = {"/account/reports/": "rep_1", "/account/erasures/": "era_1", "/account/payments/": "chg_" + "g" * 26}
"""The rest of the links that name something, in place of a token."""


@pytest.mark.parametrize("path", sorted(mailed()))
async def test_every_link_in_a_mail_leads_to_a_page_that_does_nothing_by_itself(
    browser: Browser, edge: FakeEdge, path: str
) -> None:
    edge.written("rep_1", "A stranger was here.")
    edge.erasures["era_1"] = {"state": "running", "deadline": "", "receipts": []}
    example = EXAMPLES.get(path, "?token=good-token")
    page = await browser.get(path + example)
    assert page.status == 200
    # A lookup is a POST so that its token stands in no log; it uses nothing up.
    assert not [asked for asked in edge.asked if asked[0] != "GET" and not asked[1].endswith("/lookups")]


@pytest.mark.parametrize("path", WITH_TOKEN)
async def test_the_button_acts_once(browser: Browser, edge: FakeEdge, path: str) -> None:
    page = await browser.get(f"{path}?token=good-token")
    done = await browser.submit(page, path)
    assert (done.status, len(edge.spent)) == (200, 1)
    assert done.tree.xpath("//div[@class='good']")
    again = await browser.submit(page, path)
    assert again.status in {400, 404}
    assert again.tree.xpath("//div[@class='fault']/p")
    assert not again.tree.xpath("//main//form")


@pytest.mark.parametrize("path", [*WITH_TOKEN, "/account/reset-password"])
async def test_a_link_that_is_not_whole_says_so(browser: Browser, path: str) -> None:
    page = await browser.get(path)
    assert "link-incomplete" in page.marks
    assert not page.tree.xpath("//main//form")


@pytest.mark.parametrize("path", [*WITH_TOKEN, "/account/reset-password", "/account/verify"])
async def test_a_service_that_is_away_does_not_cost_the_link(browser: Browser, edge: FakeEdge, path: str) -> None:
    page = await browser.get(f"{path}?token=good-token")
    edge.away = {"/v1/identity"}
    later = await browser.submit(page, path)
    assert (later.status, later.form(path)["token"]) == (503, "good-token")
