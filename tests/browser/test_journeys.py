"""What a customer does, from the sign-up to the erasure, at a real browser."""

import pytest

from shared.ids import new_id
from tests.browser.conftest import NewVisitor
from tests.browser.visitor import Visitor
from tests.demo.world import World, new_person


async def a_list(world: World) -> tuple[str, str]:
    """Make a list; return its id and its name."""
    editor, name = await world.staff_of("support"), f"Letter {new_id('of')}"
    body = {"name": name, "description": "Once a month, nothing else."}
    made = await world.call("POST", "/v1/newsletter/lists", by=editor, json_body=body, once=True, expected=201)
    return str(made["list_id"]), name


async def a_letter(world: World, list_id: str) -> str:
    """Send a letter to a list; return its subject."""
    editor, subject = await world.staff_of("support"), f"News {new_id('of')}"
    body = {"list_id": list_id, "subject": subject, "text": "What is new this month."}
    made = await world.call("POST", "/v1/newsletter/campaigns", by=editor, json_body=body, once=True, expected=201)
    path = f"/v1/newsletter/campaigns/{made['campaign_id']}"
    await world.call("POST", f"{path}/send", by=editor, once=True, expected=202)
    return subject


async def test_a_person_signs_up_and_sees_what_is_held(visitor: Visitor) -> None:
    ada = new_person("ada")
    await visitor.sign_up(ada)
    assert visitor.where == "/account"
    assert await visitor.name() == "account"
    assert ada.email in await visitor.text()
    for path, name in (
        ("/account/sessions", "sessions"),
        ("/account/access-ledger", "access_ledger"),
        ("/account/newsletters", "newsletters"),
    ):
        await visitor.open(path)
        assert await visitor.name() == name


async def test_the_same_without_any_script(new_visitor: NewVisitor) -> None:
    plain = await new_visitor(scripts=False)
    await plain.sign_up(new_person("plain"))
    assert await plain.name() == "account"


async def test_C23_going_back_does_not_open_the_age_screen_again(visitor: Visitor) -> None:
    await visitor.open("/account/sign-up")
    await visitor.fill_in(birth_month="5", birth_year="2019")
    await visitor.press("/account/sign-up")
    assert await visitor.name() == "sign_up_closed"
    await visitor.page.go_back()
    await visitor.page.reload()
    assert await visitor.name() == "sign_up_closed"


async def test_C10_a_newsletter_is_joined_by_mail_and_left_without_a_log_in(visitor: Visitor) -> None:
    reader, (list_id, name) = new_person("reader"), await a_list(visitor.world)
    await visitor.open("/newsletter")
    await visitor.page.get_by_role("radio", name=name).check()
    await visitor.fill_in(email=reader.email)
    await visitor.press("/newsletter")
    await visitor.follow_mail(reader, about=name, path="/newsletter/confirm")
    assert name in await visitor.text()
    assert {"masked-email", "consent-text"} <= set(await visitor.marks())
    await visitor.press("/newsletter/confirm")
    assert await visitor.name() == "newsletter_confirmed"
    await visitor.page.go_back()  # a second press of confirm
    await visitor.press("/newsletter/confirm")
    assert await visitor.name() == "newsletter_confirmed"
    await visitor.follow_mail(reader, about=await a_letter(visitor.world, list_id), path="/newsletter/unsubscribe")
    await visitor.press("/newsletter/unsubscribe")
    assert await visitor.name() == "newsletter_unsubscribed"
    assert await visitor.page.context.cookies() == []


async def test_C10_a_newsletter_is_left_without_a_letter(visitor: Visitor) -> None:
    reader, (list_id, name) = new_person("reader"), await a_list(visitor.world)
    body = {"list_id": list_id, "email": reader.email}
    await visitor.world.call("POST", "/v1/newsletter/subscriptions", json_body=body, expected=202)
    await visitor.follow_mail(reader, about=name, path="/newsletter/confirm")
    await visitor.press("/newsletter/confirm")
    await visitor.open("/newsletter")
    await visitor.page.locator("[data-test=no-letter]").click()
    await visitor.fill_in(email=reader.email.upper())
    await visitor.press("/newsletter/unsubscribe-links")
    assert await visitor.name() == "newsletter_links_requested"
    await visitor.follow_mail(reader, about="unsubscribe links", path="/newsletter/unsubscribe")
    assert name in await visitor.text()
    await visitor.press("/newsletter/unsubscribe")
    assert await visitor.name() == "newsletter_unsubscribed"


async def test_C22_logging_out_ends_the_session_in_the_other_tab_too(visitor: Visitor) -> None:
    await visitor.log_in(visitor.world.customer)
    other = await visitor.page.context.new_page()
    await other.goto(f"{visitor.world.base_url}/account")
    await visitor.open("/account/log-out")
    await visitor.press("/account/log-out")
    await other.reload()
    assert await other.locator("main").get_attribute("data-page") == "login"


async def test_C31_everything_is_erased_and_the_receipts_of_all_six_are_shown(visitor: Visitor) -> None:
    leaving = new_person("leaving")
    await visitor.sign_up(leaving)
    await visitor.open("/account/erase")
    await visitor.fill_in(password=leaving.password)
    await visitor.press("/account/erase")
    assert visitor.where.startswith("/account/erasures/")
    for _ in range(60):
        if await visitor.page.locator("main .completed").count() >= 6:
            break
        await visitor.page.wait_for_timeout(500)
        await visitor.page.reload()
    assert await visitor.page.locator("main .completed").count() >= 6
    await visitor.log_in(leaving)
    assert visitor.where == "/account/log-in"
    visitor.complaints.clear()  # the browser says that the log-in was refused


@pytest.mark.parametrize("path", ["/", "/policy", "/promises", "/statistics", "/transparency", "/docs"])
async def test_C02_whoever_only_reads_leaves_with_no_cookie_and_nothing_stored(visitor: Visitor, path: str) -> None:
    await visitor.open(path)
    assert await visitor.page.context.cookies() == []
    assert await visitor.page.evaluate("localStorage.length + sessionStorage.length") == 0


async def test_what_a_page_must_not_do_is_noticed_here(visitor: Visitor) -> None:
    await visitor.open("/")
    planted = "document.body.append(Object.assign(new Image(), { src: 'https://elsewhere.example/1.png' }))"
    async with visitor.page.expect_console_message(lambda message: message.text.startswith("policy: img-src")):
        await visitor.page.evaluate(planted)
    assert any("elsewhere.example" in complaint for complaint in visitor.complaints)
    visitor.complaints.clear()
