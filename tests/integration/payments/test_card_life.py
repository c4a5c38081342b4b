"""Cards after they were stored: the bank replaces one, and one that is of no more use is deleted."""

from datetime import timedelta

from services.payments.domain import ReportedCard
from services.payments.ports import SimulatedProcessor
from services.payments.service import CardRetention, CardUpdater
from shared.bus import Outbox
from shared.ids import new_id
from tests.integration.payments.harness import ADA, PaymentsHarness

WINDOW = timedelta(days=180)


class ReplacedCards(SimulatedProcessor):
    """A processor whose banks have replaced every card."""

    async def get_card(self, reference: str) -> ReportedCard | None:
        stored = await super().get_card(reference)
        return stored and ReportedCard(
            reference=reference, last4="0005", exp_month=1, exp_year=2031, brand=stored.brand
        )


def retention(house: PaymentsHarness) -> CardRetention:
    return CardRetention(processor=house.processor, cards=house.cards, charges=house.charges, refund_window=WINDOW)


async def test_a_replaced_card_shows_its_new_date_and_digits_and_the_ledger_says_so(house: PaymentsHarness) -> None:
    processor = ReplacedCards(clock=house.clock)
    house = PaymentsHarness(house.database, house.clock, processor)
    card_id = await house.card()
    card = await house.cards.get(ADA, card_id)
    assert card is not None
    updater = CardUpdater(
        processor=processor,
        cards=house.cards,
        outbox=Outbox(house.database, "payments", house.clock),
        transact=house.database.with_transaction,
        new_id=new_id,
    )
    for _ in range(2):
        assert await updater.update(card.processor_ref, at=house.clock())
    [after] = await house.card_service.list_by_account(ADA, after=None, limit=5)
    assert (after.last4, after.exp_month, after.exp_year) == ("0005", 1, 2031)
    [entry] = await house.list_accesses()
    assert (entry.account_id, entry.fields[0]) == (ADA, "payments.cards.last4")


async def test_an_update_of_a_card_that_was_deleted_here_has_no_effect(house: PaymentsHarness) -> None:
    assert await house.after_charge.event_service.card_updater.update("pm_gone", at=house.clock())


async def test_C17_a_card_past_the_refund_window_is_deleted_here_and_at_the_processor(house: PaymentsHarness) -> None:
    card_id = await house.card()
    card = await house.cards.get(ADA, card_id)
    assert card is not None
    await house.charge(card_id)
    assert await retention(house).delete_unused(at=house.clock.advance(WINDOW - timedelta(seconds=1))) == 0
    assert await retention(house).delete_unused(at=house.clock.advance(timedelta(seconds=2))) == 1
    assert await house.card_service.list_by_account(ADA, after=None, limit=5) == []
    assert await house.processor.get_card(card.processor_ref) is None


async def test_C17_a_card_with_an_open_or_a_recent_charge_stays(house: PaymentsHarness) -> None:
    await house.authorize()
    used = await house.card()
    house.clock.advance(WINDOW)
    await house.charge(used)
    assert await retention(house).delete_unused(at=house.clock.advance(timedelta(days=1))) == 0
