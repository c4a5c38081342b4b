"""Logging in with a second factor, by passkey alone, and refusals in words; confirming a session before changes."""

import json
from datetime import timedelta

import pytest

from services.portal.domain import DEVICE
from tests.integration.portal.browser import Browser, Page
from tests.integration.portal.conftest import PUBLIC_URL, NewBrowser
from tests.integration.portal.edge import PASSWORD, FakeEdge
from tests.integration.portal.edge.own import CODE, RECOVERY
from tests.support import FixedClock

ADA = "ada@customers.example"
SECOND = "/account/log-in/second-factor"
PASSKEY = json.dumps({"id": "good", "rawId": "good", "type": "public-key", "response": {}})


def with_code(page: Page) -> dict[str, str]:
    """Return the fields of the form for a code; the other one on the page is for passkeys."""
    return page.form_with("code")


async def to_the_second_step(browser: Browser, edge: FakeEdge) -> Page:
    """Type address and password of a customer with second factors."""
    edge.protect()
    asked = await browser.get("/account/sessions")
    return await browser.submit(asked, "/account/log-in", email=ADA, password=PASSWORD)


@pytest.mark.parametrize("code", [CODE, RECOVERY[0]])
async def test_I12_a_log_in_goes_on_with_a_code_and_leads_to_what_was_wanted(
    browser: Browser, edge: FakeEdge, code: str
) -> None:
    page = await to_the_second_step(browser, edge)
    assert not browser.session
    done = await browser.send("POST", SECOND, form={**with_code(page), "code": code})
    assert done.name == "sessions"


async def test_I12_a_wrong_code_can_be_typed_again_and_five_lead_back_to_the_password(
    browser: Browser, edge: FakeEdge
) -> None:
    page = await to_the_second_step(browser, edge)
    for _ in range(5):
        page = await browser.send("POST", SECOND, form={**with_code(page), "code": "000000"})
        assert (page.status, page.name) == (403, "login_second_factor")
        assert "identity.second_factor.invalid" in page.marks
    page = await browser.send("POST", SECOND, form={**with_code(page), "code": CODE})
    assert (page.status, page.name) == (400, "login")
    assert "identity.challenge.invalid" in page.marks
    assert page.form("/account/log-in")["next"] == "/account/sessions"


async def test_a_passkey_is_the_second_factor(browser: Browser, edge: FakeEdge) -> None:
    page = await to_the_second_step(browser, edge)
    form = page.form_with("credential") | {"credential": PASSKEY}
    assert (await browser.send("POST", SECOND, form=form)).name == "sessions"


async def test_a_passkey_alone_logs_in(browser: Browser, edge: FakeEdge) -> None:
    page = await browser.get("/account/log-in")
    form = page.form("/account/log-in/passkey") | {"challenge_id": "cha_1", "credential": PASSKEY}
    assert (await browser.send("POST", "/account/log-in/passkey", form=form)).name == "account"


@pytest.mark.parametrize("broken", ["", "no json", "[]", "[" * 20_000, PASSKEY.replace("good", "bad")])
async def test_a_passkey_that_is_none_is_refused_in_words(browser: Browser, broken: str) -> None:
    page = await browser.get("/account/log-in")
    form = page.form("/account/log-in/passkey") | {"challenge_id": "cha_1", "credential": broken}
    refused = await browser.send("POST", "/account/log-in/passkey", form=form)
    assert refused.status in {403, 422}
    assert refused.tree.xpath("//div[@class='fault']/p")
    assert not browser.session


async def test_I13_who_is_logged_in_already_gets_a_new_session_and_the_old_one_ends(
    ada: Browser, edge: FakeEdge
) -> None:
    edge.protect()
    before, mark = ada.session, set(edge.sessions)
    page = await ada.get("/account/log-in?why=again")
    page = await ada.submit(page, "/account/log-in", email=ADA, password=PASSWORD)
    await ada.send("POST", SECOND, form={**with_code(page), "code": CODE})
    assert ada.session not in {before, None}
    assert len(edge.sessions) == 1
    assert mark.isdisjoint(edge.sessions)


async def test_C28_a_frozen_account_is_told_what_to_do(browser: Browser, edge: FakeEdge) -> None:
    edge.frozen = {ADA}
    page = await browser.log_in(ADA, PASSWORD)
    assert page.status == 403
    assert "identity.account.frozen" in page.marks
    assert page.tree.xpath("//div[@class='fault']//a/@href") == ["/account/report"]


async def test_a_wrong_password_leads_to_the_way_out(browser: Browser) -> None:
    page = await browser.log_in(ADA, "wrong")
    assert page.tree.xpath("//div[@class='fault']//a/@href") == ["/account/forgot-password"]


async def test_I14_the_browser_is_known_again_at_the_next_log_in(browser: Browser, edge: FakeEdge) -> None:
    await browser.log_in(ADA, PASSWORD)
    await browser.post("/account/log-out")
    known = browser.cookies[DEVICE.browser_name(PUBLIC_URL)]
    await browser.log_in(ADA, "wrong")
    assert edge.device_tokens == [None, known]


async def test_on_a_shared_computer_nothing_is_known_again(ada: Browser) -> None:
    await ada.post("/account/log-out", shared="yes")
    assert ada.cookies == {}


async def test_I12_a_page_that_needs_a_recent_log_in_is_come_back_to(
    ada: Browser, edge: FakeEdge, clock: FixedClock
) -> None:
    clock.advance(timedelta(minutes=11))
    page = await ada.get("/account/password")
    assert page.name == "step_up"
    wrong = await ada.submit(page, "/account/confirm", password="wrong")
    assert (wrong.status, wrong.form("/account/confirm")["next"]) == (403, "/account/password")
    assert (await ada.submit(wrong, "/account/confirm", password=PASSWORD)).name == "password"


async def test_I12_a_form_goes_on_by_itself_after_the_confirmation(ada: Browser, edge: FakeEdge) -> None:
    edge.log_ins_are_old = True
    page = await ada.get("/account/app-passwords")
    asked = await ada.submit(page, "/account/app-passwords", label="Laptop & <more>", scope="read")
    assert asked.name == "step_up"
    assert not edge.app_passwords
    done = await ada.submit(asked, "/account/confirm", password=PASSWORD)
    assert done.path == "/account/app-passwords"
    assert "abcd-efgh" in done.text
    assert [made["label"] for made in edge.app_passwords] == ["Laptop & <more>"]
    assert list(edge.once.values()) == [1]


async def test_I12_with_a_second_factor_the_password_does_not_confirm(ada: Browser, edge: FakeEdge) -> None:
    edge.protect()
    edge.log_ins_are_old = True
    asked = await ada.get("/account/confirm?next=/account/security-log")
    assert "password" not in with_code(asked)
    wrong = await ada.send("POST", "/account/confirm", form={**with_code(asked), "code": "000000"})
    assert wrong.status == 403
    done = await ada.send("POST", "/account/confirm", form={**with_code(wrong), "code": CODE})
    assert done.name == "security_log"


async def test_a_passkey_confirms(ada: Browser, edge: FakeEdge) -> None:
    edge.protect()
    asked = await ada.get("/account/confirm?next=/account/security-log")
    form = asked.form_with("credential")
    assert form["challenge_id"] == "cha_1"
    done = await ada.send("POST", "/account/confirm", form={**form, "credential": PASSKEY})
    assert done.name == "security_log"


async def test_a_password_is_never_kept_for_later(ada: Browser, edge: FakeEdge) -> None:
    page = await ada.get("/account/erase")
    edge.log_ins_are_old = True
    asked = await ada.submit(page, "/account/erase", password=PASSWORD)
    assert asked.name == "step_up"
    assert PASSWORD not in asked.raw.decode()
    assert (await ada.submit(asked, "/account/confirm", password=PASSWORD)).name == "erase"


@pytest.mark.parametrize("name", ["next", "return_to"])
async def test_a_confirmation_never_leads_to_another_site(ada: Browser, name: str) -> None:
    for foreign in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        form = (await ada.get("/account/confirm")).form("/account/confirm") | {name: foreign, "password": PASSWORD}
        answer = await ada.send("POST", "/account/confirm", form=form, follow=False)
        assert answer.headers["Location"] == "/account"


async def test_a_kept_form_of_another_session_does_nothing(
    ada: Browser, new_browser: NewBrowser, edge: FakeEdge
) -> None:
    other = new_browser()
    await other.log_in(ADA, PASSWORD)
    foreign = (await other.get("/account/confirm")).form("/account/confirm")
    form = {**foreign, "return_to": "/account/app-passwords", "saved.label": "Mine", "saved.scope": "read"}
    assert (await ada.send("POST", "/account/app-passwords", form=form)).status == 403
    assert not edge.app_passwords


async def test_staff_confirm_themselves_in_the_same_way(dora: Browser) -> None:
    page = await dora.get("/account/confirm?next=/staff/cases")
    assert (await dora.submit(page, "/account/confirm", password=PASSWORD)).path == "/staff/cases"


async def test_nobody_confirms_without_a_log_in(browser: Browser) -> None:
    assert (await browser.get("/account/confirm")).name == "login"


async def test_a_log_in_that_is_sent_twice_goes_on(browser: Browser, edge: FakeEdge) -> None:
    asked = await browser.get("/account/sessions")
    first = await browser.submit(asked, "/account/log-in", email=ADA, password=PASSWORD)
    assert first.name == "sessions"
    sessions = len(edge.sessions)
    again = await browser.submit(asked, "/account/log-in", email=ADA.upper(), password=PASSWORD)
    assert (again.status, again.name) == (200, "sessions")
    assert len(edge.sessions) == sessions


async def test_a_tab_from_before_the_log_in_still_works(browser: Browser, edge: FakeEdge, clock: FixedClock) -> None:
    stale = await browser.get("/account/log-in")
    forgot = await browser.get("/account/forgot-password")
    await browser.submit(stale, "/account/log-in", email=ADA, password=PASSWORD)
    assert (await browser.submit(forgot, "/account/forgot-password", email=ADA)).status == 200
    clock.advance(timedelta(hours=13))
    late = await browser.submit(stale, "/account/log-in", email=ADA, password=PASSWORD)
    assert (late.status, late.name) == (200, "account")


async def test_another_customer_logs_in_from_a_stale_tab(browser: Browser, edge: FakeEdge) -> None:
    stale = await browser.get("/account/log-in")
    await browser.submit(stale, "/account/log-in", email=ADA, password=PASSWORD)
    wrong = await browser.submit(stale, "/account/log-in", email="eve@customers.example", password="wrong")
    assert "identity.login.invalid_credentials" in wrong.marks


async def test_public_forms_of_other_sites_are_still_refused(browser: Browser) -> None:
    form = (await browser.get("/account/log-in")).form("/account/log-in")
    del browser.headers["Sec-Fetch-Site"]
    elsewhere = {"Origin": "https://elsewhere.example"}
    for path in ("/account/log-in", "/account/forgot-password", "/account/sign-up", "/newsletter/unsubscribe"):
        assert (await browser.send("POST", path, form=form, headers=elsewhere)).status == 403


@pytest.mark.parametrize("path", ["/account/password", "/account/reset-password?token=good-token"])
async def test_a_name_stands_beside_each_new_password(ada: Browser, path: str) -> None:
    page = await ada.get(path)
    [name] = page.tree.xpath("//form[.//input[@autocomplete='new-password']]//input[@autocomplete='username']")
    assert name.get("value") == ADA
    assert "readonly" in name.attrib


async def test_a_link_that_is_not_valid_shows_no_address(browser: Browser) -> None:
    page = await browser.get("/account/reset-password?token=bad")
    assert not page.tree.xpath("//input[@autocomplete='username']")


async def test_a_class_behind_one_address_logs_in_and_guesses_are_still_limited(new_browser: NewBrowser) -> None:
    for _ in range(40):
        pupil = new_browser()
        page = await pupil.get("/account/log-in")
        assert (await pupil.submit(page, "/account/log-in", email=ADA, password=PASSWORD)).status == 200
    guesser = new_browser()
    form = (await guesser.get("/account/log-in")).form("/account/log-in") | {"email": ADA, "password": "wrong"}
    answers = [(await guesser.send("POST", "/account/log-in", form=form)).status for _ in range(32)]
    assert answers[0] == 401
    assert answers[-1] == 429
