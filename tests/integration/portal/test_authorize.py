"""The authorization endpoint: an app is shown by name, let in by a button alone, and nothing leads elsewhere."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.integration.portal.browser import Browser
from tests.integration.portal.edge import PASSWORD, FakeEdge
from tests.integration.portal.edge.own import REDIRECT

PAGE = "/account/authorize"
ASKED = {
    "response_type": "code",
    "client_id": "phone",
    "redirect_uri": REDIRECT,
    "code_challenge": "c" * 43,
    "code_challenge_method": "S256",
    "state": "a state&more=<b>",
}


def asking(**changed: str) -> str:
    """Return the address that the app opens."""
    return f"{PAGE}?{urlencode({**ASKED, **changed})}"


async def decided(browser: Browser, answer: str) -> tuple[int, str]:
    """Press a button of the page; return the status and where it leads."""
    form = (await browser.get(asking())).form(PAGE)
    done = await browser.send("POST", PAGE, form={**form, "answer": answer}, follow=False)
    return done.status, done.headers.get("Location", "")


async def test_the_page_shows_the_name_and_what_the_app_gets_and_lets_nobody_in(ada: Browser, edge: FakeEdge) -> None:
    page = await ada.get(asking(nonce="unknown", prompt="login"))
    for shown in ("Candor <Phone>", "all of it", REDIRECT):
        assert shown in page.text
    assert not [asked for asked in edge.asked if asked[:2] == ("POST", "/oauth/authorizations")]
    assert "form-action 'self' https://app.candor.example" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize(("answer", "means"), [("allow", "code"), ("deny", "error"), ("", "error")])
async def test_the_buttons_lead_back_to_the_app_with_its_state(ada: Browser, answer: str, means: str) -> None:
    status, where = await decided(ada, answer)
    assert status == 303
    assert where.startswith(f"{REDIRECT}?{means}=")
    assert where.endswith(ASKED["state"])


async def test_whoever_is_not_logged_in_does_so_and_comes_back_with_everything(browser: Browser) -> None:
    page = await browser.get(asking())
    assert page.name == "login"
    back = await browser.submit(page, "/account/log-in", email="ada@customers.example", password=PASSWORD)
    assert "Candor <Phone>" in back.title
    assert back.form(PAGE) == {**ASKED, "form_token": back.form(PAGE)["form_token"]}
    assert parse_qs(urlsplit(back.path).query)["state"] == [ASKED["state"]]


@pytest.mark.parametrize("changed", [{"client_id": "nobody"}, {"redirect_uri": "https://evil.example/"}])
async def test_I09_what_is_not_registered_is_never_redirected_to(ada: Browser, changed: dict[str, str]) -> None:
    page = await ada.get(asking(**changed))
    assert page.status == 400
    assert page.name == "authorize_rejected"
    assert "evil.example" not in page.headers["Content-Security-Policy"]
    form = (await ada.get(asking())).form(PAGE)
    for answer in ("allow", "deny"):
        sent = await ada.send("POST", PAGE, form={**form, **changed, "answer": answer}, follow=False)
        assert (sent.status, sent.headers.get("Location")) == (400, None)


async def test_a_parameter_that_comes_twice_is_refused_on_a_page(ada: Browser) -> None:
    page = await ada.get(f"{asking()}&client_id=phone")
    assert (page.status, page.name) == (422, "authorize_rejected")
    assert "wrong-client_id" in page.marks


@pytest.mark.parametrize("wrong", ["&scope=admin", "&state=a&state=b"])
async def test_the_app_is_told_of_a_wrong_request_before_anybody_logs_in(browser: Browser, wrong: str) -> None:
    page = await browser.send("GET", f"{asking(state='a')}{wrong}", follow=False)
    assert page.status == 303
    assert page.headers["Location"].startswith(f"{REDIRECT}?error=invalid_request&state=a")


async def test_identity_that_is_away_is_not_called_a_fault_of_the_app(ada: Browser, edge: FakeEdge) -> None:
    edge.away = {"/oauth/authorizations"}
    page = await ada.get(asking())
    assert page.status == 503
    assert page.name != "authorize_rejected"


async def test_staff_let_no_app_in(dora: Browser) -> None:
    assert (await dora.get(asking())).status == 403


async def test_another_site_lets_no_app_in(ada: Browser, edge: FakeEdge) -> None:
    form = (await ada.get(asking())).form(PAGE)
    sent = await ada.send("POST", PAGE, form={**form, "answer": "allow"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert sent.status == 403
    assert not [asked for asked in edge.asked if asked[:2] == ("POST", "/oauth/authorizations")]
