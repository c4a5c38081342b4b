"""The card page: the number is encrypted in the browser, by its own cryptography, for the real payments service."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.browser.conftest import NewVisitor
from tests.browser.visitor import Visitor
from tests.demo.world import new_person

NUMBER, CODE = "4242 4242 4242 4242", "737"


@pytest.fixture
async def ada(visitor: Visitor) -> Visitor:
    """A customer who looks at her cards."""
    await visitor.log_in(visitor.world.customer)
    await visitor.open("/account/cards")
    return visitor


async def test_C18_the_payments_service_takes_what_the_page_has_encrypted(ada: Visitor) -> None:
    ada.sent.clear()
    await ada.fill_in(number=NUMBER, expiry="09/39", code=CODE)
    await ada.press("/account/cards")
    said = await ada.text()
    assert "done-stored" in await ada.marks()
    assert "Visa ending in 4242" in said
    [form] = [sent for sent in ada.sent if sent.startswith("POST ")]
    assert "jwe=ey" in form
    everything = " ".join(ada.sent)
    assert not [secret for secret in (NUMBER, NUMBER.replace(" ", ""), f"={CODE}") if secret in everything]
    await ada.press("form[action$='/delete'] button")
    assert "done-deleted" in await ada.marks()


async def test_C18_a_card_is_entered_on_the_page_of_the_processor(ada: Visitor) -> None:
    await ada.press("/account/cards/setups")
    await ada.page.locator("main a.button").click()
    await ada.page.locator("main[data-page=simulated-card-page]").wait_for()
    await ada.page.get_by_role("button", name="Mastercard").click()
    await ada.page.locator("[data-test=done-stored]").wait_for()
    assert "Mastercard ending in 4444" in await ada.text()
    await ada.press("form[action$='/delete'] button")


@pytest.mark.parametrize("days", [-400, 400])
async def test_a_device_whose_clock_is_wrong_stores_a_card_all_the_same(ada: Visitor, days: int) -> None:
    await ada.page.clock.set_fixed_time(datetime.now(UTC) + timedelta(days=days))
    await ada.fill_in(number="5555 5555 5555 4444", expiry="09/39", code=CODE)
    await ada.press("/account/cards")
    assert "done-stored" in await ada.marks()
    assert "Mastercard ending in 4444" in await ada.text()
    await ada.press("form[action$='/delete'] button")


async def test_C18_a_wrong_digit_is_said_at_the_field_and_nothing_is_sent(ada: Visitor) -> None:
    ada.sent.clear()
    await ada.fill_in(number="4242 4242 4242 4241", expiry="13/39", code="7")
    await ada.button("/account/cards").click()
    assert await ada.page.locator("#number-wrong").inner_text()
    assert await ada.page.locator("[aria-invalid=true]").count() == 3
    assert await ada.page.evaluate("document.activeElement.id") == "number"
    assert not [sent for sent in ada.sent if "/static/" not in sent]


async def test_C18_without_the_key_nothing_is_sent_and_what_was_typed_stays(ada: Visitor) -> None:
    await ada.page.route("**/account/cards/encryption-keys", lambda route: route.abort())
    await ada.fill_in(number=NUMBER, expiry="09/39", code=CODE)
    await ada.button("/account/cards").click()
    await ada.page.locator("#card-fault").wait_for()
    assert await ada.page.locator("#number").input_value() == NUMBER
    assert not [sent for sent in ada.sent if sent.startswith("POST ") and "/account/cards" in sent]
    ada.complaints.clear()  # the browser says that the key could not be fetched


async def test_C18_without_scripts_there_is_no_form_that_could_send_a_number(new_visitor: NewVisitor) -> None:
    plain = await new_visitor(scripts=False)
    await plain.log_in(plain.world.customer)
    await plain.open("/account/cards")
    assert not await plain.page.locator("#number").is_visible()
    assert await plain.page.locator("[data-test=needs-script]").is_visible()


async def test_nobody_who_is_not_logged_in_sees_the_form(visitor: Visitor) -> None:
    await visitor.open("/account/cards")
    assert await visitor.name() == "login"
    await visitor.log_in(new_person("nobody"))
    assert visitor.where == "/account/log-in"
    visitor.complaints.clear()  # the browser says that the log-in was refused
