"""The pages of newsletters: each says what its button does, to whom, before it is pressed."""

from xml.etree import ElementTree as ET

import pytest

from tests.integration.portal.browser import Browser
from tests.integration.portal.edge import FakeEdge

CONFIRM, LEAVE = "/newsletter/confirm", "/newsletter/unsubscribe"


async def test_the_confirm_page_shows_the_list_the_address_and_the_words_where_the_button_is(browser: Browser) -> None:
    page = await browser.get(f"{CONFIRM}?token=good-token")
    assert "Monthly letter" in page.title
    assert page.part("masked-email") == "a…@c….example"
    assert page.part("consent-text").startswith("Send me the emails of “Monthly letter”")
    done = await browser.submit(page, CONFIRM)
    assert (done.name, done.title) == ("newsletter_confirmed", "You are subscribed to “Monthly letter”")


async def test_a_second_press_of_confirm_shows_the_subscription(browser: Browser) -> None:
    page = await browser.get(f"{CONFIRM}?token=good-token")
    for _ in range(2):
        assert (await browser.submit(page, CONFIRM)).name == "newsletter_confirmed"
    assert "already-confirmed" in (await browser.get(f"{CONFIRM}?token=good-token")).marks


async def test_the_confirm_page_says_that_an_account_asked(browser: Browser, edge: FakeEdge) -> None:
    assert "requested-in-account" not in (await browser.get(f"{CONFIRM}?token=good-token")).marks
    edge.requested_in_account = True
    assert "requested-in-account" in (await browser.get(f"{CONFIRM}?token=good-token")).marks


async def test_C06_a_confirmation_is_linked_to_the_account_that_is_logged_in_and_to_no_other(
    browser: Browser, ada: Browser, edge: FakeEdge
) -> None:
    for visitor, is_customer in ((browser, False), (ada, True)):
        page = await visitor.get(f"{CONFIRM}?token=good-token")
        assert ("linked" in page.marks) is is_customer
        await visitor.submit(page, CONFIRM)
        assert edge.confirmed_by.pop("good-token").startswith("Bearer ") is is_customer


async def test_the_leave_page_shows_the_list_and_the_address(browser: Browser) -> None:
    page = await browser.get(f"{LEAVE}?token=good-token")
    assert "Monthly letter" in page.title
    assert page.part("masked-email") == "a…@c….example"
    assert "Monthly letter" in (await browser.submit(page, LEAVE)).title
    again = await browser.get(f"{LEAVE}?token=good-token")
    assert "already-unsubscribed" in again.marks
    assert not again.tree.xpath(f"//form[@action='{LEAVE}']")


@pytest.mark.parametrize("path", [CONFIRM, LEAVE])
async def test_a_bad_link_says_so_before_any_press(browser: Browser, path: str) -> None:
    page = await browser.get(f"{path}?token=cut-of")
    assert page.status == 400
    assert "auth.token.invalid" in page.marks
    assert not page.tree.xpath(f"//form[@action='{path}']")


async def test_C10_leaving_is_not_limited_for_an_office(browser: Browser, edge: FakeEdge) -> None:
    page = await browser.get(f"{LEAVE}?token=good-token")
    pressed = {(await browser.submit(page, LEAVE)).status for _ in range(40)}
    assert (pressed, len(edge.left)) == ({200}, 40)


@pytest.mark.parametrize("path", [LEAVE, f"{LEAVE}?token=", f"{LEAVE}?token=cut-of"])
async def test_C10_there_is_a_way_off_without_a_letter_and_without_an_account(
    browser: Browser, edge: FakeEdge, path: str
) -> None:
    assert "no-letter" in (await browser.get("/newsletter")).marks
    page = await browser.get(path)
    asked = await browser.submit(page, "/newsletter/unsubscribe-links", email="ada@customers.example")
    assert asked.name == "newsletter_links_requested"
    assert edge.asked_for_links == ["ada@customers.example"]


async def test_a_refused_address_stays_in_its_field(browser: Browser) -> None:
    refused = await browser.submit(await browser.get(LEAVE), "/newsletter/unsubscribe-links", email="no address")
    assert refused.status == 422
    assert refused.form("/newsletter/unsubscribe-links")["email"] == "no address"


async def test_a_service_that_is_away_does_not_cost_the_leave_link(browser: Browser, edge: FakeEdge) -> None:
    edge.away = {"/v1/newsletter"}
    page = await browser.get(f"{LEAVE}?token=good-token")
    assert page.form(LEAVE)["token"] == "good-token"
    later = await browser.submit(page, LEAVE)
    assert (later.status, later.form(LEAVE)["token"]) == (503, "good-token")


async def test_past_issues_are_found_from_the_newsletters_by_the_name_of_their_list(browser: Browser) -> None:
    lists = await browser.get("/newsletter")
    [link] = lists.tree.xpath("//a[contains(@href, '/newsletter/archive/lst_r')]/@href")
    page = await browser.get(link)
    assert "Releases <b>first</b>" in page.title
    [feed] = page.tree.xpath("//a[@type='application/atom+xml']/@href")
    found = ET.fromstring((await browser.get(feed)).raw)
    titles = [each.text for each in found.iter("{http://www.w3.org/2005/Atom}title")]
    assert titles == ["Releases <b>first</b>", "Issue <1>"]


async def test_an_issue_of_the_archive_is_shown_under_its_own_list_only(browser: Browser) -> None:
    issue = "cmp_" + "c" * 26
    lists = await browser.get("/newsletter")
    links = lists.tree.xpath("//a[contains(@href, '/newsletter/archive/')]/@href")
    shown = [await browser.get(f"{link}/{issue}") for link in links]
    [own] = [page for page in shown if page.status == 200]
    assert "Issue <1>" in own.title
    assert own.tree.xpath("//article//em/text()") == ["all"]
    assert {page.status for page in shown if page is not own} == {404}
    assert (await browser.get(f"/newsletter/archive/lst_{'0' * 26}/{issue}")).status == 404
    assert (await browser.get(f"{links[0]}/cmp_{'0' * 26}")).status == 404
