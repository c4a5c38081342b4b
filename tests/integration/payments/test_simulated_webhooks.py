"""The simulator sends signed events of what changes in its books, and payments takes them as a processor's."""

from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest

from services.payments.api import ProcessorEventsApi
from services.payments.domain import ChargeState, RefundState
from services.payments.errors import PaymentPendingError
from services.payments.ports import SimulatedProcessor, SimulatedWebhooks
from services.payments.store import ProcessorEventDocument
from shared.settings import Secret
from tests.integration.payments.harness import ADA, WEBHOOK_SECRET, PaymentsHarness
from tests.support.cards import DISPUTED, REFUND_FAILS_LATER, REQUIRES_ACTION, SILENT_ONCE
from tests.support.http import Site, serving

PATH = "/v1/payments/processor-events"


@pytest.fixture
async def site(house: PaymentsHarness) -> AsyncIterator[Site]:
    routes = ProcessorEventsApi(event_service=house.after_charge.event_service).build_routes()
    async with serving(*routes, clock=house.clock) as opened:
        yield opened


async def webhooks_to(house: PaymentsHarness, url: str, secret: Secret = WEBHOOK_SECRET) -> SimulatedWebhooks:
    assert isinstance(house.processor, SimulatedProcessor)
    webhooks = SimulatedWebhooks(house.processor.books, url=url, secret=secret, clock=house.clock)
    await webhooks.watch_books()
    return webhooks


async def send(webhooks: SimulatedWebhooks) -> int:
    async with aiohttp.ClientSession() as http:
        return await webhooks.send_due(http)


async def received(house: PaymentsHarness) -> list[tuple[str, str]]:
    rows = await house.database.get_collection(ProcessorEventDocument).list({}, sort=["received_at", "_id"])
    return sorted((row.type, row.state.value) for row in rows)


async def test_an_event_completes_a_charge_whose_answer_was_lost(house: PaymentsHarness, site: Site) -> None:
    webhooks = await webhooks_to(house, site.url + PATH)
    with pytest.raises(PaymentPendingError):
        await house.charge(await house.card(SILENT_ONCE))
    assert await send(webhooks) == 1
    [charge] = await house.charge_service.list_by_account(ADA, after=None, limit=1)
    assert charge.state is ChargeState.CAPTURED
    assert await received(house) == [("payment_intent.succeeded", "applied")]
    house.clock.advance(timedelta(minutes=10))
    assert await send(webhooks) == 0, "an accepted event is not sent again"


async def test_each_kind_of_change_is_an_event_that_payments_applies(house: PaymentsHarness, site: Site) -> None:
    webhooks, processor = await webhooks_to(house, site.url + PATH), house.processor
    assert isinstance(processor, SimulatedProcessor)
    held = await house.authorize()
    await house.charge_service.void_charge(held.charge_id, at=house.clock())
    waiting = await house.charge(await house.card(REQUIRES_ACTION))
    await processor.authenticate(waiting.payment_id)
    disputed = await house.charge(await house.card(DISPUTED))
    refund = await house.refund(await house.charge(await house.card(REFUND_FAILS_LATER)), 100)
    page = (await house.card_setup_service.start(ADA, at=house.clock()))[1].rpartition("/")[2]
    await processor.choose_card(page, "Declined when it is stored")
    while await send(webhooks):
        """Reading an object may change it, which is an event of its own."""
    assert (await house.reload(waiting)).state is ChargeState.CAPTURED
    assert (await house.reload(disputed)).dispute_state == "needs_response"
    assert (await house.refund_service.get(refund.refund_id)).state is RefundState.FAILED
    assert {state for _, state in await received(house)} == {"applied"}
    assert {kind for kind, _ in await received(house)} == {
        "charge.dispute.created",
        "payment_intent.amount_capturable_updated",
        "payment_intent.canceled",
        "payment_intent.requires_action",
        "payment_intent.succeeded",
        "refund.created",
        "refund.failed",
        "setup_intent.setup_failed",
    }
    assert await house.find_differences() == ()


async def test_what_is_not_accepted_is_sent_again_later(house: PaymentsHarness, site: Site) -> None:
    webhooks = await webhooks_to(house, site.url + PATH, Secret("whsec_of_another"))
    charge = await house.charge(await house.card())
    assert await send(webhooks) == 0
    right = await webhooks_to(house, site.url + PATH)
    assert await send(right) == 0, "not due yet"
    house.clock.advance(timedelta(seconds=2))
    assert await send(right) == 1
    assert (await house.reload(charge)).state is ChargeState.CAPTURED
