"""What every page carries, and what no foreign page can do."""

import asyncio
import re
from datetime import timedelta

import pytest

from services.portal.domain import COOKIES
from tests.integration.portal.browser import Browser
from tests.integration.portal.conftest import PUBLIC_URL, NewBrowser
from tests.integration.portal.edge import PASSWORD, FakeEdge
from tests.support import FixedClock

PUBLIC_PAGES = (
    "/policy/usage",
    *("/", "/policy", "/policy/data-map", "/policy/cookies", "/promises", "/statistics", "/transparency", "/security"),
    *("/newsletter", "/account/log-in", "/account/sign-up", "/docs", "/docs/errors", "/docs/api/identity", "/nothing"),
    *("/account/forgot-password", "/account/reset-password?token=x", "/account/confirm-email?token=x"),
    *(
        "/account/revert-email?token=x",
        "/account/cancel-erasure?token=x",
        "/account/lock?token=x",
        "/account/lock?done=yes",
    ),
    *("/account/report", "/account/reports"),
)
OWN_PAGES = (
    *("/account", "/account/sessions", "/account/app-passwords", "/account/newsletters", "/account/access-ledger"),
    *(
        "/account/cards",
        "/account/payments/chg_" + "g" * 26,
        "/account/export",
        "/account/erase",
        "/account/log-out",
        "/account/confirm",
    ),
    *("/account/security", "/account/security-log", "/account/password", "/account/email"),
    *("/account/second-factors", "/account/second-factors/passkeys/new"),
)
WITH_SCRIPT = {"/account/second-factors", "/account/cards", "/account/second-factors/passkeys/new"}
"""Besides the log-in, which leads a logged-in visitor on."""


@pytest.mark.parametrize("path", [*PUBLIC_PAGES, *OWN_PAGES])
async def test_a_page_is_ours_alone_and_runs_no_inline_script(ada: Browser, path: str) -> None:
    page = await ada.get(path)
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert ("script-src" in policy) == (path in WITH_SCRIPT)
    assert "form-action 'self'" in policy
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["X-Frame-Options"] == "DENY"
    loaded = page.tree.xpath("//link/@href | //script/@src | //img/@src | //iframe/@src | //form/@action")
    assert all(re.match(r"/(?!/)", address) for address in loaded)
    assert not page.tree.xpath("//*[@style] | //style | //script[not(@src)] | //@*[starts-with(name(), 'on')]")


@pytest.mark.parametrize("path", [*PUBLIC_PAGES, *OWN_PAGES])
async def test_a_page_can_be_read_with_a_screen_reader_and_by_keyboard(ada: Browser, path: str) -> None:
    tree = (await ada.get(path)).tree
    assert tree.xpath("string(/html/@lang)") == "en"
    assert len(tree.xpath("//h1")) == len(tree.xpath("//main")) == 1
    assert tree.xpath("//a[@href='#content']")
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    for each in tree.xpath("//input[not(@type='hidden')] | //select | //textarea"):
        assert each.xpath("ancestor::label") or tree.xpath(f"//label[@for='{each.get('id')}']"), each.get("name")
    for each in tree.xpath("//a | //button"):
        assert each.text_content().strip() or each.get("aria-label")


@pytest.mark.parametrize("path", PUBLIC_PAGES)
async def test_C02_whoever_only_reads_gets_no_cookie(browser: Browser, path: str) -> None:
    await browser.get(path)
    assert not browser.set


async def test_C02_no_cookie_is_set_that_the_register_does_not_list(browser: Browser) -> None:
    await browser.post("/account/sign-up", birth_month="5", birth_year="2019")
    await browser.log_in("ada@customers.example", PASSWORD)
    for path in (*PUBLIC_PAGES, *OWN_PAGES):
        await browser.get(path)
    await browser.post("/account/log-out")
    names = {header.partition("=")[0] for header in browser.set}
    assert names == {cookie.browser_name(PUBLIC_URL) for cookie in COOKIES}
    assert all("; HttpOnly" in header and "; SameSite=Lax" in header for header in browser.set)


async def test_C02_the_register_is_shown_with_each_cookie(browser: Browser) -> None:
    page = await browser.get("/policy/cookies")
    assert all(cookie.browser_name(PUBLIC_URL) in page.text for cookie in COOKIES)


async def test_the_cookie_shows_no_token(ada: Browser, edge: FakeEdge) -> None:
    assert ada.session
    assert not any(token in ada.session for token in edge.refresh_tokens)
    assert "e30." not in ada.session


async def test_an_altered_cookie_is_nobody_and_is_taken_away(ada: Browser) -> None:
    name, value = next((name, value) for name, value in ada.cookies.items() if value == ada.session)
    for broken in (value[:-1], value[:-1] + ("A" if value[-1] != "A" else "B"), value + "A", "x", value[::-1]):
        ada.cookies = {name: broken}
        assert (await ada.get("/account")).name == "login"
        assert not ada.cookies


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": PUBLIC_URL},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": PUBLIC_URL + ".evil.example"},
        {},
    ],
)
async def test_a_form_from_elsewhere_does_nothing(ada: Browser, edge: FakeEdge, headers: dict[str, str]) -> None:
    form = (await ada.get("/account/log-out")).form("/account/log-out")
    del ada.headers["Sec-Fetch-Site"]
    page = await ada.send("POST", "/account/log-out", form=form, headers=headers)
    assert page.status == 403
    assert edge.sessions


async def test_an_older_browser_is_known_by_the_origin_that_it_sends(ada: Browser, edge: FakeEdge) -> None:
    form = (await ada.get("/account/log-out")).form("/account/log-out")
    del ada.headers["Sec-Fetch-Site"]
    await ada.send("POST", "/account/log-out", form=form, headers={"Origin": PUBLIC_URL})
    assert not edge.sessions


async def test_a_form_of_another_session_or_too_old_does_nothing(
    ada: Browser, dora: Browser, edge: FakeEdge, clock: FixedClock
) -> None:
    form = (await ada.get("/account/log-out")).form("/account/log-out")
    foreign = (await dora.get("/account/log-out")).form("/account/log-out")
    assert (await ada.send("POST", "/account/log-out", form=foreign)).status == 403
    assert (await ada.send("POST", "/account/log-out", form={**form, "form_token": ""})).status == 403
    clock.advance(timedelta(hours=13))
    assert (await ada.send("POST", "/account/log-out", form=form)).status == 403
    assert len(edge.sessions) == 2


async def test_two_tabs_that_refresh_at_once_share_one_refresh(
    ada: Browser, new_browser: NewBrowser, edge: FakeEdge, clock: FixedClock
) -> None:
    other = new_browser()
    other.cookies = dict(ada.cookies)
    clock.advance(timedelta(minutes=6))
    pages = await asyncio.gather(*(tab.get("/account") for tab in (ada, other) * 5))
    assert {page.name for page in pages} == {"account"}
    assert edge.refreshes == 1


async def test_a_tab_that_comes_late_with_the_old_cookie_stays_logged_in(
    ada: Browser, new_browser: NewBrowser, edge: FakeEdge, clock: FixedClock
) -> None:
    other = new_browser()
    other.cookies = dict(ada.cookies)
    clock.advance(timedelta(minutes=6))
    await ada.get("/account")
    clock.advance(timedelta(seconds=20))
    assert (await other.get("/account")).name == "account"
    assert edge.refreshes == 1


async def test_what_the_visitor_says_of_privacy_reaches_the_apis(browser: Browser, edge: FakeEdge) -> None:
    await browser.get("/promises", **{"Sec-GPC": "1", "DNT": "1", "Cookie": "foreign=1"})
    _, _, headers = edge.asked[-1]
    assert (headers["Sec-GPC"], headers["DNT"]) == ("1", "1")
    assert headers["User-Agent"] == "Firefox on Linux"
    assert "Cookie" not in headers


async def test_an_error_is_a_page_for_people_and_a_problem_for_programs(browser: Browser) -> None:
    page = await browser.get("/nothing")
    assert (page.status, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    for_programs = await browser.get("/nothing", Accept="application/json")
    assert for_programs.headers["Content-Type"] == "application/problem+json"


async def test_a_part_that_is_away_is_said_with_the_time_to_come_back(browser: Browser, edge: FakeEdge) -> None:
    edge.away = {"/v1/telemetry"}
    page = await browser.get("/statistics")
    assert page.status == 503
    assert page.headers["Retry-After"] == "2"
    assert "core.service.unavailable" in page.marks


async def test_too_many_forms_are_told_to_wait(browser: Browser) -> None:
    page = await browser.get("/account/log-in")
    answers = [await browser.submit(page, "/account/log-in", email="a@b.example", password="x") for _ in range(31)]
    assert answers[-1].status == 429
    assert int(answers[-1].headers["Retry-After"]) > 0


@pytest.mark.parametrize("path", ["/static/../settings.py", "/static/%2e%2e/settings.py", "/static/nothing.css"])
async def test_only_the_files_of_the_pages_can_be_read(browser: Browser, path: str) -> None:
    assert (await browser.get(path)).status == 404


async def test_a_file_is_kept_for_good_only_under_the_name_of_its_content(browser: Browser) -> None:
    [address] = (await browser.get("/")).tree.xpath("//link[@rel='stylesheet']/@href")
    assert "immutable" in (await browser.get(address)).headers["Cache-Control"]
    assert (await browser.get("/static/candor.css?v=old")).headers["Cache-Control"] == "no-cache"
