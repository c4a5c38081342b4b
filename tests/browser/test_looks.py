"""Every page, wide and narrow, light and dark: readable, named, in order, nothing cut off."""

from collections.abc import Iterable
from typing import Literal

import pytest

from services.portal.api import EMAIL_LINK_PAGES
from tests.browser.looks import AXE, axe_core, findings
from tests.browser.visitor import Visitor
from tests.demo.world import Person

Scheme = Literal["light", "dark"]

PUBLIC = (
    *(
        "/",
        "/policy",
        "/policy/data-map",
        "/policy/cookies",
        "/promises",
        "/statistics",
        "/statistics/ledger",
        "/transparency",
        "/security",
    ),
    *(
        "/newsletter",
        "/account/log-in",
        "/account/sign-up",
        "/docs",
        "/docs/errors",
        "/docs/errors/http.request.invalid",
    ),
    *(
        "/docs/api/payments",
        "/account/verify?token=x",
        "/newsletter/unsubscribe",
        "/account/reset-password?token=x",
    ),
    *("/account/forgot-password", "/account/reset-password", "/account/report", "/account/reports"),
    *(f"{link.path}?{state}" for link in EMAIL_LINK_PAGES for state in ("token=x", "done=yes", "")),
)
REFUSED = ("/newsletter/confirm?token=x", "/newsletter/unsubscribe?token=x")
CUSTOMERS = (
    *("/account", "/account/sessions", "/account/app-passwords", "/account/files", "/account/newsletters"),
    "/account/access-ledger",
    *("/account/cards", "/account/export", "/account/erase", "/account/log-out", "/account/confirm"),
    *("/account/security", "/account/security-log", "/account/second-factors", "/account/second-factors/passkeys/new"),
    *("/account/password", "/account/email", "/account/report"),
)
STAFFS = (
    *(
        "/staff",
        "/staff/accounts",
        "/staff/admin-actions",
        "/staff/admin-actions/new/place_hold",
        "/staff/legal-holds",
        "/staff/privacy-requests",
    ),
    *("/staff/cases", "/staff/agreements", "/account/second-factors", "/account/confirm"),
)
VIEWS: tuple[tuple[int, Scheme], ...] = ((1200, "light"), (1200, "dark"), (360, "light"), (360, "dark"))
ALSO_AXE = {(1200, "light"), (360, "dark")}


async def wrong_with(visitor: Visitor, paths: Iterable[str]) -> list[str]:
    """Look at each page in every view; return what is wrong, with the page and the view."""
    wrong = []
    axe = axe_core()
    for path in paths:
        await visitor.open(path)
        assert visitor.where == path
        await visitor.page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        if axe is not None:
            await visitor.page.evaluate(axe.read_text(encoding="utf-8"))
        for width, scheme in VIEWS:
            await visitor.page.set_viewport_size({"width": width, "height": 900})
            await visitor.page.emulate_media(color_scheme=scheme)
            found = await findings(visitor.page)
            if axe is not None and (width, scheme) in ALSO_AXE:
                found += await findings(visitor.page, AXE)
            wrong += [f"{path} {width} {scheme}: {each}" for each in found]
    return wrong


async def staff(visitor: Visitor, role: str) -> None:
    """Log a member of the staff in."""
    entry = next(each for each in visitor.world.access["staff"] if each["role"] == role)
    await visitor.log_in(Person(email=entry["email"], password=entry["password"]))


async def test_the_public_pages_are_for_everybody(visitor: Visitor) -> None:
    assert await wrong_with(visitor, PUBLIC) == []


async def test_a_refused_link_is_for_everybody(visitor: Visitor) -> None:
    assert await wrong_with(visitor, REFUSED) == []
    visitor.complaints.clear()  # the browser says that the link was refused


async def test_the_privacy_centre_is_for_everybody(visitor: Visitor) -> None:
    await visitor.log_in(visitor.world.customer)
    assert await wrong_with(visitor, CUSTOMERS) == []


async def test_the_staff_console_is_for_everybody(visitor: Visitor) -> None:
    await staff(visitor, "disclosure")
    assert await wrong_with(visitor, STAFFS) == []


async def test_a_refused_form_is_for_everybody_and_leads_to_the_field(visitor: Visitor) -> None:
    await visitor.open("/account/sign-up")
    await visitor.fill_in(birth_month="12", birth_year="abcd")
    await visitor.press("/account/sign-up")
    assert await findings(visitor.page) == []
    assert await visitor.page.locator("#birth_year").get_attribute("aria-invalid") == "true"
    assert (await visitor.page.title()).startswith("Error: ")
    visitor.complaints.clear()  # the browser says that the form was refused


async def test_by_keyboard_the_first_stop_leads_to_the_content_and_every_stop_is_seen(visitor: Visitor) -> None:
    await visitor.open("/account/log-in")
    await visitor.page.keyboard.press("Tab")
    assert await visitor.page.evaluate("document.activeElement.getAttribute('href')") == "#content"
    for _ in range(await visitor.page.locator("a, button, input:not([type=hidden])").count()):
        assert await visitor.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        await visitor.page.keyboard.press("Tab")


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ("document.querySelector('label').remove()", "no label"),
        ("document.querySelector('h1').outerHTML = '<h3>x</h3>'", "skips a level"),
        ("document.querySelector('p.small').style.color = '#999'", "too little contrast"),
        ("document.querySelector('main').style.width = '2000px'", "wider than the window"),
        ("document.querySelector('button').style.cssText = 'padding:0;font-size:8px'", "too small to press"),
        ("document.querySelector('label').id = 'content'", "an id twice"),
    ],
)
async def test_the_check_sees_what_is_wrong(visitor: Visitor, fault: str, named: str) -> None:
    await visitor.open("/account/log-in")
    await visitor.page.evaluate(f"() => {{ {fault} }}")
    assert any(named in each for each in await findings(visitor.page))
