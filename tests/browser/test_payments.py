"""The receipt of a payment and the payments desk of the staff, as people use them."""

import pytest

from tests.browser.conftest import NewVisitor
from tests.browser.test_looks import staff, wrong_with
from tests.browser.visitor import Visitor
from tests.demo.steps import cards
from tests.demo.world import World


@pytest.fixture
async def charge_id(world: World) -> str:
    """A charge of the demo customer."""
    world.ada = await world.log_in(world.customer)
    await cards.card.act(world)
    await cards.charge.act(world)
    return str(world.notes["charge_id"])


async def test_a_receipt_takes_a_request_and_the_desk_decides_it(
    visitor: Visitor, new_visitor: NewVisitor, charge_id: str
) -> None:
    await visitor.log_in(visitor.world.customer)
    receipt = f"/account/payments/{charge_id}"
    assert await wrong_with(visitor, [receipt]) == []
    await visitor.fill_in(amount="1.00", reason="A mistake.")
    await visitor.press(f"{receipt}/refund-requests")
    await visitor.page.get_by_role("button", name="Withdraw").click()
    await visitor.page.locator("[data-test=done-withdrawn]").wait_for()
    await visitor.fill_in(amount="12.50", reason="It came twice.")
    await visitor.press(f"{receipt}/refund-requests")
    assert "done-requested" in await visitor.marks()
    desk = await new_visitor()
    await staff(desk, "support")
    assert await wrong_with(desk, ["/staff/payments"]) == []
    await desk.page.locator("main td a").first.click()
    await desk.page.locator("h2", has_text="Decision").wait_for()
    one = desk.where
    assert await wrong_with(desk, [one]) == []
    await desk.press(f"{one}/approve")
    assert "done-succeeded" in await desk.marks()
    await visitor.open(receipt)
    assert "12.50 USD" in await visitor.text()
    assert await wrong_with(visitor, [receipt]) == []


async def test_a_payment_is_confirmed_on_the_page_of_the_bank(visitor: Visitor) -> None:
    """3-D Secure: the payment waits for the customer, and is captured when they come back from their bank."""
    world = visitor.world
    await visitor.log_in(world.customer)
    await visitor.open("/account/cards")
    await visitor.press("/account/cards/setups")
    await visitor.page.locator("main a.button").click()
    await visitor.page.get_by_role("button", name="Asks for authentication").click()
    await visitor.page.locator("[data-test=done-stored]").wait_for()
    ada = await world.log_in(world.customer)
    card, *_ = (await world.call("GET", "/v1/payments/cards", by=ada))["items"]
    order = {"card_id": card["card_id"], "amount": 2100, "currency": "EUR", "description": "A licence"}
    made = await world.call("POST", "/v1/payments/charges", by=ada, json_body=order, once=True, expected=201)
    receipt = f"/account/payments/{made['charge_id']}"
    await visitor.open(receipt)
    assert "confirm-at-bank" in await visitor.marks()
    await visitor.page.locator("[data-test=confirm-at-bank]").click()
    await visitor.page.locator("main[data-page=simulated-authentication]").wait_for()
    await visitor.page.get_by_role("button", name="Confirm the payment").click()
    await visitor.page.locator("main[data-page=payment] h1", has_text="Receipt").wait_for()
    assert visitor.where == receipt
    assert "confirm-at-bank" not in await visitor.marks()
    assert visitor.complaints == []
