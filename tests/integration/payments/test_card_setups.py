"""A card that is entered on the processor's page: stored once, by whoever asks first, without its number."""

import asyncio
from datetime import timedelta

import pytest

from services.payments.api import CardsApi
from services.payments.domain import CARD_SETUP_TTL, Card, CardEntry, CardSetupState
from services.payments.errors import CardSetupNotFoundError, ProcessorUnavailableError
from services.payments.ports import CardPage, ProcessorTimeoutError, SimulatedProcessor
from shared.ids import new_id
from shared.web import Paginator
from tests.integration.payments.harness import ADA, BOB, PaymentsHarness
from tests.support import RawWriter
from tests.support.http import a_customer, serving
from tests.support.running import Running, person


async def entered(house: PaymentsHarness, choice: str | None = "Visa") -> str:
    """Start a setup of Ada and choose a card on the page; return the id of the setup."""
    setup, url = await house.card_setup_service.start(ADA, at=house.clock())
    assert isinstance(house.processor, SimulatedProcessor)
    page = url.rpartition("/")[2]
    assert await house.processor.choose_card(page, choice) == f"https://candor.example/added?setup={setup.setup_id}"
    return setup.setup_id


async def complete(house: PaymentsHarness, setup_id: str, by: str = ADA) -> tuple[CardSetupState, Card | None]:
    setup, card = await house.card_setup_service.complete(by, setup_id, at=house.clock())
    return setup.state, card


async def test_C18_a_chosen_card_is_stored_as_four_digits_and_a_date(
    house: PaymentsHarness, planter: RawWriter
) -> None:
    state, card = await complete(house, await entered(house))
    assert state is CardSetupState.COMPLETED
    assert card is not None
    assert (card.last4, card.brand, card.exp_month) == ("4242", "visa", 12)
    assert (await house.charge(card.card_id)).state == "captured"
    names = await planter.client[house.database.name].list_collection_names()
    assert "4242424242424242" not in str([await planter.read_raw(house.database, name) for name in names])


async def test_a_setup_stays_open_while_no_card_was_chosen(house: PaymentsHarness) -> None:
    setup_id = await entered(house, choice=None)
    assert await complete(house, setup_id) == (CardSetupState.OPEN, None)


async def test_of_many_that_complete_a_setup_one_stores_the_card(house: PaymentsHarness) -> None:
    setup_id = await entered(house)
    found = await asyncio.gather(*(complete(house, setup_id) for _ in range(6)))
    assert {state for state, _ in found} == {CardSetupState.COMPLETED}
    assert len(await house.card_service.list_by_account(ADA, after=None, limit=5)) == 1


async def test_a_card_that_was_deleted_does_not_come_back(house: PaymentsHarness) -> None:
    setup_id = await entered(house)
    _, card = await complete(house, setup_id)
    assert card is not None
    await house.card_service.delete(ADA, card.card_id)
    assert await complete(house, setup_id) == (CardSetupState.COMPLETED, None)
    assert await house.card_service.list_by_account(ADA, after=None, limit=5) == []


async def test_a_setup_of_another_account_or_of_an_erased_one_is_not_found(house: PaymentsHarness) -> None:
    setup_id = await entered(house)
    with pytest.raises(CardSetupNotFoundError):
        await complete(house, setup_id, by=BOB)
    await house.account_eraser.erase(ADA, at=house.clock())
    with pytest.raises(CardSetupNotFoundError):
        await complete(house, setup_id)


class SilentPages(SimulatedProcessor):
    """A processor whose pages do not answer, until they do."""

    silent = True

    async def create_card_page(self, *, return_url: str, key: str) -> CardPage:
        if self.silent:
            raise ProcessorTimeoutError
        return await super().create_card_page(return_url=return_url, key=key)

    async def get_card_page(self, reference: str) -> CardPage:
        if self.silent:
            raise ProcessorTimeoutError
        return await super().get_card_page(reference)


async def test_a_silent_processor_delays_a_setup_and_loses_nothing(house: PaymentsHarness) -> None:
    processor = SilentPages(clock=house.clock)
    house = PaymentsHarness(house.database, house.clock, processor)
    with pytest.raises(ProcessorUnavailableError):
        await house.card_setup_service.start(ADA, at=house.clock())
    processor.silent = False
    setup_id = await entered(house)
    processor.silent = True
    with pytest.raises(ProcessorUnavailableError):
        await complete(house, setup_id)
    processor.silent = False
    assert (await complete(house, setup_id))[0] is CardSetupState.COMPLETED


def test_a_setup_outlives_the_page_of_the_processor() -> None:
    """Stripe's pages are open for at most 24 hours."""
    assert timedelta(hours=24) <= CARD_SETUP_TTL


async def test_the_whole_way_over_http_by_the_page_of_the_simulator(service: Running) -> None:
    who = person("customer", number=new_id("acc").removeprefix("acc_"))
    ways = (await service.call("GET", "/v1/payments/card-entry")).body
    assert ways == {"hosted": True, "direct": True}
    started = await service.call("POST", "/v1/payments/card-setups", by=who, key=new_id("key"))
    assert (started.status, started.body["state"]) == (201, "open")
    page = f"/v1/payments/{started.body['url'].partition('/v1/payments/')[2]}"
    shown = await service.call("GET", page)
    assert "Mastercard" in shown.body
    assert "5555" not in shown.body
    form, url = {"choice": "Mastercard"}, f"http://127.0.0.1:{service.port}{page}"
    async with service.http.post(url, data=form, allow_redirects=False) as back:
        assert back.status == 303
        assert back.headers["Location"].endswith(f"/account/cards/added?setup={started.body['setup_id']}")
    completions = f"/v1/payments/card-setups/{started.body['setup_id']}/completions"
    done = await service.call("POST", completions, by=who)
    assert (done.body["state"], done.body["card"]["last4"], done.body["card"]["brand"]) == (
        "completed",
        "4444",
        "mastercard",
    )
    assert (await service.call("GET", f"{page}x")).status == 404


async def test_where_only_the_processors_page_is_open_no_encrypted_card_is_taken(house: PaymentsHarness) -> None:
    api = CardsApi(
        card_service=house.card_service, entry=CardEntry.HOSTED, paginator=Paginator(house.card_service.token_sealer)
    )
    keyless = [route for route in api.build_routes() if not route.idempotent]
    async with serving(*keyless) as site:
        refused = await site.get("/v1/payments/encryption-keys", headers=site.trust.headers(a_customer()))
    assert (refused.status, refused.code) == (403, "payments.direct_entry.disabled")
