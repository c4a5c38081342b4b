"""Second factors, passwords, the address, reports, apps: a real browser with real passkeys, before the real stack."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

import pyotp
import pytest
from aiohttp import web
from yarl import URL

from shared.clock import utc_now
from shared.ids import new_token
from tests.browser.conftest import NewVisitor, redirect_uri
from tests.browser.looks import findings
from tests.browser.visitor import Visitor, passkey_button
from tests.demo.world import Person, new_person
from tests.support.stack import StackUnderTest

NEW_PASSWORD = "quite another long pass phrase 26"


async def a_customer(visitor: Visitor) -> Person:
    """Sign a person up."""
    person = new_person("ada")
    await visitor.sign_up(person)
    return person


async def add_passkey(visitor: Visitor) -> list[str]:
    """Add a passkey; return the recovery codes."""
    await visitor.use_passkeys()
    await visitor.open("/account/second-factors/passkeys/new")
    await visitor.fill_in(name="My laptop")
    await visitor.press_passkey("/account/second-factors/passkeys/new")
    return await visitor.page.locator(".codes code").all_inner_texts()


async def add_app(visitor: Visitor) -> pyotp.TOTP:
    """Add an app for one-time codes; return it."""
    await visitor.open("/account/second-factors")
    await visitor.press("/account/second-factors/totp")
    app = pyotp.TOTP(re.sub(r"\s", "", await visitor.page.locator(".secret").first.inner_text()))
    await visitor.fill_in(code=app.at(utc_now()))
    await visitor.press("/account/second-factors/totp/confirm")
    return app


async def test_I12_a_passkey_logs_in_alone_is_the_second_factor_and_confirms(visitor: Visitor) -> None:
    ada = await a_customer(visitor)
    assert len(await add_passkey(visitor)) == 10
    await visitor.log_out()
    await visitor.open("/account/log-in")
    await visitor.press_passkey("/account/log-in/passkey")
    assert visitor.where == "/account"
    await visitor.open("/account/confirm?next=/account/password")
    await visitor.press_passkey("/account/confirm")
    assert await visitor.name() == "password"
    await visitor.log_out()
    await visitor.log_in(ada)
    assert await visitor.name() == "login_second_factor"
    await visitor.press_passkey("/account/log-in/second-factor")
    assert visitor.where == "/account"
    await visitor.open("/account/security-log")
    assert "event-reauthenticated" in await visitor.marks()


async def test_a_device_without_the_passkey_is_told_and_a_recovery_code_helps(
    visitor: Visitor, new_visitor: NewVisitor
) -> None:
    ada = await a_customer(visitor)
    code, *_ = await add_passkey(visitor)
    elsewhere = await new_visitor()
    await elsewhere.use_passkeys()
    await elsewhere.log_in(ada)
    await elsewhere.button(passkey_button("/account/log-in/second-factor")).click()
    await elsewhere.page.locator("[data-fault]").wait_for()
    assert await findings(elsewhere.page) == []
    await elsewhere.fill_in(code=code)
    await elsewhere.press("/account/log-in/second-factor")
    assert elsewhere.where == "/account"


async def test_a_passkey_is_removed_and_the_password_is_enough_again(visitor: Visitor) -> None:
    ada = await a_customer(visitor)
    await add_passkey(visitor)
    await visitor.open("/account/second-factors")
    await visitor.press("form[action$='/remove'] button")
    assert "done-removed" in await visitor.marks()
    await visitor.log_out()
    await visitor.log_in(ada)
    assert visitor.where == "/account"


async def test_C02_looking_at_the_log_in_asks_for_no_challenge(visitor: Visitor) -> None:
    await visitor.open("/account/log-in")
    await visitor.button(passkey_button("/account/log-in/passkey")).wait_for()
    assert not [sent for sent in visitor.sent if sent.startswith("POST")]


async def test_the_codes_are_stored_as_a_text_file(visitor: Visitor) -> None:
    await a_customer(visitor)
    codes = await add_passkey(visitor)
    async with visitor.page.expect_download() as begun:
        await visitor.page.locator("a[download]").click()
    stored = await begun.value
    assert stored.suggested_filename == "candor-recovery-codes.txt"
    assert set(codes) <= set((await stored.path()).read_text(encoding="utf-8").split())
    assert await visitor.page.locator("[data-print]").is_visible()


async def test_I12_the_same_with_an_app_and_without_any_script(new_visitor: NewVisitor) -> None:
    plain = await new_visitor(scripts=False)
    ada = await a_customer(plain)
    app = await add_app(plain)
    assert await plain.name() == "factors_codes"
    await plain.log_out()
    await plain.log_in(ada)
    assert not await plain.page.locator(passkey_button("/account/log-in/second-factor")).is_visible()
    await plain.fill_in(code="000000")
    await plain.press("/account/log-in/second-factor")
    assert "identity.second_factor.invalid" in await plain.marks()
    await plain.fill_in(code=app.at(utc_now() + timedelta(seconds=30)))
    await plain.press("/account/log-in/second-factor")
    assert plain.where == "/account"
    plain.complaints.clear()  # the browser says that the wrong code was refused


async def test_a_forgotten_password_is_set_by_the_link(visitor: Visitor) -> None:
    ada = await a_customer(visitor)
    await visitor.log_out()
    await visitor.open("/account/forgot-password")
    await visitor.fill_in(email=ada.email)
    await visitor.press("/account/forgot-password")
    assert await visitor.name() == "password_reset_requested"
    await visitor.follow_mail(ada, about="new password", path="/account/reset-password")
    await visitor.fill_in(password=NEW_PASSWORD)
    await visitor.press("/account/reset-password")
    ada.password = NEW_PASSWORD
    await visitor.log_in(ada)
    assert visitor.where == "/account"


async def test_a_moved_account_is_brought_back_from_the_old_address(visitor: Visitor) -> None:
    ada, moved = await a_customer(visitor), new_person("moved")
    await visitor.open("/account/email")
    await visitor.fill_in(email=moved.email)
    await visitor.press("/account/email")
    await visitor.follow_mail(moved, about="confirm", path="/account/confirm-email")
    await visitor.press("/account/confirm-email")
    await visitor.open("/account")
    assert moved.email in await visitor.text()
    await visitor.follow_mail(ada, about="email address was changed", path="/account/revert-email")
    await visitor.press("/account/revert-email")
    await visitor.open("/account")
    assert await visitor.name() == "login"
    await visitor.log_in(ada)
    assert visitor.where == "/account"


async def test_C31_a_planned_erasure_is_taken_back_by_the_link(visitor: Visitor) -> None:
    ada = await a_customer(visitor)
    await visitor.open("/account/erase")
    await visitor.page.locator("input[name=grace_days][value='7']").check()
    await visitor.fill_in(password=ada.password)
    await visitor.press("/account/erase")
    assert "erasure-scheduled" in await visitor.marks()
    assert await findings(visitor.page) == []
    await visitor.follow_mail(ada, about="erased", path="/account/cancel-erasure")
    await visitor.press("/account/cancel-erasure")
    assert "done" in await visitor.marks()
    await visitor.log_in(ada)
    assert "erasure-planned" not in await visitor.marks()


async def test_C28_a_stranger_reports_and_the_owner_locks_by_the_link(
    visitor: Visitor, new_visitor: NewVisitor
) -> None:
    ada, stranger = await a_customer(visitor), await new_visitor(scripts=False)
    await stranger.open("/account/report")
    await stranger.fill_in(email=ada.email, text="A stranger was here.")
    await stranger.press("/account/report")
    assert re.search(r"rep_[0-9a-z]{26}", await stranger.text())
    await stranger.follow_mail(ada, about="lock", path="/account/lock")
    await stranger.press("/account/lock")
    assert "done" in await stranger.marks()
    await visitor.open("/account")
    assert await visitor.name() == "login"
    await visitor.log_in(ada)
    assert "identity.account.frozen" in await visitor.marks()
    visitor.complaints.clear()  # the browser says that the log-in was refused


async def test_C28_whoever_is_logged_in_locks_at_once(visitor: Visitor) -> None:
    ada = await a_customer(visitor)
    await visitor.open("/account/report")
    await visitor.page.locator("#lock").check()
    await visitor.press("/account/report")
    assert "done-locked" in await visitor.marks()
    assert "frozen" in (await visitor.world.mail_to(ada, about="frozen"))["subject"]
    await visitor.open("/account")
    assert await visitor.name() == "login"


@dataclass(slots=True)
class Desktop:
    """The app on the same machine: a real server that waits for its code."""

    redirect_uri: str
    verifier: str = field(default_factory=new_token)
    arrived: list[dict[str, str]] = field(default_factory=list)

    @property
    def asks(self) -> dict[str, str]:
        made = hashlib.sha256(self.verifier.encode()).digest()
        return {
            "response_type": "code",
            "client_id": "desktop",
            "redirect_uri": self.redirect_uri,
            "state": "a state&more",
            "code_challenge": base64.urlsafe_b64encode(made).decode().rstrip("="),
            "code_challenge_method": "S256",
        }

    async def arrive(self, request: web.Request) -> web.Response:
        self.arrived.append(dict(request.query))
        return web.Response(
            text="<title>Back</title><link rel=icon href=data:,>Back in the app.", content_type="text/html"
        )


@pytest.fixture
async def desktop(stack: StackUnderTest) -> AsyncIterator[Desktop]:
    """The app, listening."""
    made = Desktop(redirect_uri(stack.ports))
    url = URL(made.redirect_uri)
    app = web.Application()
    app.add_routes([web.get(url.path, made.arrive)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, url.host, url.port).start()
    yield made
    await runner.cleanup()


async def sent_to_decide(visitor: Visitor, desktop: Desktop) -> None:
    """Open what the app opens, and log in."""
    metadata = await visitor.world.call("GET", "/.well-known/openid-configuration")
    await visitor.page.goto(f"{metadata['authorization_endpoint']}?{urlencode(desktop.asks)}")
    await visitor.log_in(visitor.world.customer)
    assert await visitor.name() == "authorize"
    assert await findings(visitor.page) == []


async def test_an_app_is_let_in_and_gets_tokens_for_what_the_browser_brings(visitor: Visitor, desktop: Desktop) -> None:
    await sent_to_decide(visitor, desktop)
    await visitor.press("button[value=allow]")
    visitor.complaints.clear()  # it has left for the app, as it should
    [came] = desktop.arrived
    assert came["state"] == "a state&more"
    form = {"grant_type": "authorization_code", "client_id": "desktop", "redirect_uri": desktop.redirect_uri}
    form |= {"code": came["code"], "code_verifier": desktop.verifier}
    granted = await visitor.world.call("POST", "/oauth/token", form=form)
    me = await visitor.world.call(
        "GET", "/v1/identity/me", by=Person(email="", password="", token=granted["access_token"])
    )
    assert me["email"] == visitor.world.customer.email


async def test_an_app_that_is_denied_is_told_so(visitor: Visitor, desktop: Desktop) -> None:
    await sent_to_decide(visitor, desktop)
    await visitor.press("button[value=deny]")
    visitor.complaints.clear()  # it has left for the app, as it should
    [came] = desktop.arrived
    assert (came["error"], came["state"], came.get("code")) == ("access_denied", "a state&more", None)


async def test_I09_an_app_that_asks_wrongly_is_sent_nothing(visitor: Visitor, desktop: Desktop) -> None:
    await visitor.log_in(visitor.world.customer)
    for wrong in ({"client_id": "nobody"}, {"redirect_uri": "https://a.example/"}):
        await visitor.open(f"/account/authorize?{urlencode(desktop.asks | wrong)}")
        assert await visitor.name() == "authorize_rejected"
        assert await findings(visitor.page) == []
    assert desktop.arrived == []
    await visitor.open(f"/account/authorize?{urlencode(desktop.asks | {'code_challenge_method': 'plain'})}")
    [told] = desktop.arrived  # the app is known, so it is told (RFC 6749, 4.1.2.1)
    assert (told["error"], told.get("code")) == ("invalid_request", None)
    visitor.complaints.clear()  # the browser says that it was refused, and that it has left for the app


async def test_the_mails_lead_to_pages_and_none_to_an_answer_for_programs(visitor: Visitor) -> None:
    ada = await a_customer(visitor)
    await visitor.open("/account/erase")
    await visitor.fill_in(password=ada.password)
    await visitor.press("/account/erase")
    mail = await visitor.world.mail_to(ada, about="erasing")
    assert "/v1/" not in mail["text"]
    [address] = re.findall(r"http\S+/account/erasures/\S+", mail["text"])
    await visitor.page.goto(address)
    assert {"erasure-running", "erasure-completed"} & set(await visitor.marks())
