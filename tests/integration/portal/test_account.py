"""Signing up, proving the address, logging in and out."""

from datetime import timedelta

from tests.integration.portal.browser import Browser
from tests.integration.portal.edge import PASSWORD, FakeEdge
from tests.support import FixedClock

ADA = "ada@customers.example"


async def test_the_age_screen_asks_neutrally_and_leads_on(browser: Browser) -> None:
    page = await browser.get("/account/sign-up")
    assert "13" not in page.text
    assert page.form("/account/sign-up")["birth_year"] == ""
    on = await browser.submit(page, "/account/sign-up", birth_month="12", birth_year="1985")
    assert on.form("/account/sign-up/account")["age_token"] == "age-token"


async def test_C23_I22_who_is_turned_away_cannot_go_back_and_try_again(browser: Browser, edge: FakeEdge) -> None:
    page = await browser.get("/account/sign-up")
    closed = await browser.submit(page, "/account/sign-up", birth_month="5", birth_year="2019")
    again = await browser.submit(page, "/account/sign-up", birth_month="5", birth_year="1985")
    assert closed.name == again.name == (await browser.get("/account/sign-up")).name == "sign_up_closed"
    assert sum(path.endswith("/age-screens") for _, path, _ in edge.asked) == 1
    assert "2019" not in browser.set[0]


async def test_C23_I22_the_newsletter_door_is_closed_too(browser: Browser, edge: FakeEdge) -> None:
    await browser.post("/account/sign-up", birth_month="5", birth_year="2019")
    page = await browser.post("/newsletter", list_id="lst_1", email="kid@customers.example")
    assert page.name == "sign_up_closed"
    assert not edge.asked_to_join


async def test_a_refused_age_answer_keeps_what_was_typed_and_says_what_to_do(browser: Browser) -> None:
    page = await browser.post("/account/sign-up", birth_month="May", birth_year="1985")
    assert page.status == 422
    assert page.form("/account/sign-up")["birth_month"] == "May"
    assert "wrong-birth_month" in page.marks


async def test_sign_up_ends_at_the_mailbox(browser: Browser) -> None:
    page = await browser.post("/account/sign-up", birth_month="12", birth_year="1985")
    done = await browser.submit(page, "/account/sign-up/account", email="new@customers.example", password=PASSWORD)
    assert done.name == "sign_up_done"


async def test_a_refused_password_is_said_at_the_field_and_is_not_sent_back(browser: Browser) -> None:
    page = await browser.post("/account/sign-up", birth_month="12", birth_year="1985")
    refused = await browser.submit(page, "/account/sign-up/account", email="new@customers.example", password="short")
    assert refused.status == 422
    assert refused.tree.xpath("//input[@id='password']/@aria-invalid") == ["true"]
    form = refused.form("/account/sign-up/account")
    assert (form["email"], form["password"]) == ("new@customers.example", "")


async def test_opening_the_link_proves_nothing_and_the_button_does_once(browser: Browser, edge: FakeEdge) -> None:
    page = await browser.get("/account/verify?token=good-token")
    assert not edge.verified
    assert (await browser.submit(page, "/account/verify")).name == "login"
    assert (await browser.submit(page, "/account/verify")).status == 400


async def test_a_log_in_leads_back_to_the_page_that_asked_for_it(browser: Browser) -> None:
    asked = await browser.get("/account/sessions")
    assert asked.name == "login"
    page = await browser.submit(asked, "/account/log-in", email=ADA, password=PASSWORD)
    assert page.name == "sessions"


async def test_a_log_in_never_leads_to_another_site(browser: Browser) -> None:
    for foreign in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\tb"):
        page = await browser.get("/account/log-in")
        form = {**page.form("/account/log-in"), "next": foreign, "email": ADA, "password": PASSWORD}
        answer = await browser.send("POST", "/account/log-in", form=form, follow=False)
        assert answer.headers["Location"] == "/account"
        browser.cookies.clear()


async def test_a_wrong_password_is_said_and_the_address_stays(browser: Browser) -> None:
    page = await browser.log_in(ADA, "wrong")
    assert page.status == 401
    assert page.form("/account/log-in")["email"] == ADA
    assert "wrong" not in page.form("/account/log-in")["password"]
    assert not browser.cookies


async def test_C22_each_log_in_is_a_new_session_and_ends_the_one_before(ada: Browser, edge: FakeEdge) -> None:
    before = dict(ada.cookies)
    page = await ada.get("/account/log-in?why=again")
    await ada.submit(page, "/account/log-in", email=ADA, password=PASSWORD)
    assert ada.cookies != before
    assert len(edge.sessions) == 1


async def test_C22_a_log_out_ends_the_session_everywhere(ada: Browser, edge: FakeEdge) -> None:
    kept = dict(ada.cookies)
    await ada.post("/account/log-out")
    assert not edge.sessions
    assert not ada.session
    ada.cookies = kept
    assert (await ada.get("/account")).name == "login"
    assert not ada.session


async def test_on_a_shared_computer_the_browser_is_told_to_forget(ada: Browser) -> None:
    page = await ada.get("/account/log-out")
    form = {**page.form("/account/log-out"), "shared": "yes"}
    answer = await ada.send("POST", "/account/log-out", form=form, follow=False)
    assert answer.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'


async def test_a_log_out_without_the_platform_still_forgets_the_session_here(ada: Browser, edge: FakeEdge) -> None:
    page = await ada.get("/account/log-out")
    edge.away = {"/"}
    assert (await ada.submit(page, "/account/log-out")).status == 503
    assert not ada.session


async def test_an_old_access_token_is_replaced_on_the_way(ada: Browser, edge: FakeEdge, clock: FixedClock) -> None:
    before = dict(ada.cookies)
    clock.advance(timedelta(minutes=6))
    assert (await ada.get("/account")).name == "account"
    assert edge.refreshes == 1
    assert ada.cookies != before


async def test_a_session_that_ended_elsewhere_leads_to_the_log_in(ada: Browser, edge: FakeEdge) -> None:
    edge.sessions.clear()
    page = await ada.get("/account/sessions")
    assert page.name == "login"
    assert not ada.session


async def test_a_failed_answer_does_not_lose_the_new_tokens(ada: Browser, edge: FakeEdge, clock: FixedClock) -> None:
    clock.advance(timedelta(minutes=6))
    edge.away = {"/v1/identity/sessions"}
    assert (await ada.get("/account/sessions")).status == 503
    edge.away = set()
    clock.advance(timedelta(minutes=6))
    assert (await ada.get("/account/sessions")).status == 200
    assert edge.refreshes == 2
