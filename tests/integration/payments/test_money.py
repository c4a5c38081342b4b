"""Charges and refunds: executed once despite crashes and timeouts; refunds never exceed the charge."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from services.payments.domain import ChargeState, Money, ReportedPayment, ReportedRefund
from services.payments.errors import (
    CardDeclinedError,
    CardNotFoundError,
    CardNumberInDescriptionError,
    ChargeNotFoundError,
    PaymentPendingError,
    RefundExceedsChargeError,
)
from services.payments.ports import PaymentOrder, ProcessorTimeoutError, SimulatedProcessor
from services.payments.service.erasure import BOOKS_RETENTION
from shared.mongo import Database
from tests.integration.payments.harness import ADA, BOB, RECONCILE_AFTER, PaymentsHarness
from tests.support import FixedClock, RawWriter
from tests.support.cards import DECLINED_LATER, REFUND_NEVER, REFUND_SILENT_ONCE, SILENT_ONCE, VISA


class ProcessDiedError(Exception):
    """Stands for a killed process."""


@dataclass
class CountingProcessor(SimulatedProcessor):
    """Records every payment; it can time out, or fail right after the payment as a killed process does."""

    taken: dict[str, Money] = field(default_factory=dict)
    given: dict[str, Money] = field(default_factory=dict)
    dies: bool = False
    silent: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    async def authorize(self, order: PaymentOrder, *, key: str) -> ReportedPayment:
        self._count(self.taken, order.price, key)
        report = await super().authorize(order, key=key)
        self._die()
        return report

    async def refund(self, payment_id: str, price: Money, *, key: str) -> ReportedRefund:
        self._count(self.given, price, key)
        report = await super().refund(payment_id, price, key=key)
        self._die()
        return report

    def _count(self, books: dict[str, Money], price: Money, key: str) -> None:
        if self.silent:
            raise ProcessorTimeoutError
        books[key] = price

    def _die(self) -> None:
        if self.dies:
            raise ProcessDiedError


@pytest.fixture
async def counted(house: PaymentsHarness) -> tuple[PaymentsHarness, CountingProcessor]:
    processor = CountingProcessor()
    return PaymentsHarness(house.database, house.clock, processor), processor


async def test_a_charge_is_captured_and_published(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    assert charge.state is ChargeState.CAPTURED
    assert await house.published_events() == ["payments.charge.captured.v1"]


async def test_the_card_reference_is_deleted_with_the_outcome(house: PaymentsHarness, planter: RawWriter) -> None:
    await house.charge(await house.card())
    [row] = await planter.read_raw(house.database, "charge_attempts")
    assert row["processor_ref"] == ""


async def test_a_declined_charge_stays_declined_when_repeated(house: PaymentsHarness) -> None:
    card_id = await house.card(DECLINED_LATER)
    for _ in range(2):
        with pytest.raises(CardDeclinedError):
            await house.charge(card_id, idempotency_key="one")
    assert await house.published_events() == []
    assert len(await house.charge_service.list_by_account(ADA, after=None, limit=5)) == 1


async def test_a_process_that_dies_after_the_money_moved_charges_once(
    counted: tuple[PaymentsHarness, CountingProcessor],
) -> None:
    house, processor = counted
    card_id = await house.card()
    processor.dies = True
    with pytest.raises(ProcessDiedError):
        await house.charge(card_id, idempotency_key="one")
    processor.dies = False
    charge = await house.charge(card_id, idempotency_key="one")
    assert charge.state is ChargeState.CAPTURED
    assert list(processor.taken) == [charge.attempt_id]


async def test_a_repetition_is_answered_also_when_the_card_is_gone(
    counted: tuple[PaymentsHarness, CountingProcessor],
) -> None:
    house, processor = counted
    card_id = await house.card()
    charge = await house.charge(card_id, idempotency_key="one")
    await house.card_service.delete(ADA, card_id)
    assert (await house.charge(card_id, idempotency_key="one")).charge_id == charge.charge_id
    assert len(processor.taken) == 1


async def test_the_same_request_at_the_same_moment_charges_once(
    counted: tuple[PaymentsHarness, CountingProcessor],
) -> None:
    house, processor = counted
    card_id = await house.card()
    made = await asyncio.gather(*(house.charge(card_id, idempotency_key="one") for _ in range(8)))
    assert len({charge.charge_id for charge in made}) == len(processor.taken) == 1
    assert await house.published_events() == ["payments.charge.captured.v1"]


async def test_a_key_used_again_after_its_life_means_a_new_request(
    counted: tuple[PaymentsHarness, CountingProcessor],
) -> None:
    house, processor = counted
    card_id = await house.card()
    await house.charge(card_id, idempotency_key="one")
    house.clock.advance(timedelta(hours=23, minutes=59))
    await house.charge(card_id, idempotency_key="one")
    assert len(processor.taken) == 1
    house.clock.advance(timedelta(minutes=1))
    await house.charge(card_id, idempotency_key="one")
    assert len(processor.taken) == len(await house.charge_service.list_by_account(ADA, after=None, limit=5)) == 2


async def test_a_timeout_leaves_the_charge_pending_until_the_reconciliation(house: PaymentsHarness) -> None:
    card_id = await house.card(SILENT_ONCE)
    with pytest.raises(PaymentPendingError) as unknown:
        await house.charge(card_id)
    assert unknown.value.retry_after
    [pending] = await house.charge_service.list_by_account(ADA, after=None, limit=5)
    assert pending.state is ChargeState.PENDING
    assert await house.operator.reconcile_due(at=house.clock()) == 0
    assert await house.operator.reconcile_due(at=house.clock.advance(RECONCILE_AFTER)) == 1
    [reconciled] = await house.charge_service.list_by_account(ADA, after=None, limit=5)
    assert reconciled.state is ChargeState.CAPTURED
    assert await house.published_events() == ["payments.charge.captured.v1"]


async def test_a_repetition_completes_a_pending_charge(house: PaymentsHarness) -> None:
    card_id = await house.card(SILENT_ONCE)
    with pytest.raises(PaymentPendingError):
        await house.charge(card_id, idempotency_key="one")
    assert (await house.charge(card_id, idempotency_key="one")).state is ChargeState.CAPTURED


async def test_one_timeout_does_not_stop_the_others(counted: tuple[PaymentsHarness, CountingProcessor]) -> None:
    house, processor = counted
    card_id = await house.card()
    processor.silent = True
    for _ in range(3):
        with pytest.raises(PaymentPendingError):
            await house.charge(card_id)
    assert await house.operator.reconcile_due(at=house.clock.advance(RECONCILE_AFTER)) == 0
    processor.silent = False
    assert await house.operator.reconcile_due(at=house.clock.advance(RECONCILE_AFTER)) == 3


async def test_a_description_cannot_carry_a_card_number(house: PaymentsHarness) -> None:
    card_id = await house.card()
    for text in (VISA, "my card 4242 4242-4242 4242 please"):
        with pytest.raises(CardNumberInDescriptionError):
            await house.charge(card_id, description=text)


async def test_another_account_cannot_use_a_card_or_see_a_charge(house: PaymentsHarness) -> None:
    card_id = await house.card()
    charge = await house.charge(card_id)
    with pytest.raises(ChargeNotFoundError):
        await house.refund_service.create(BOB, charge.charge_id, 1, idempotency_key="one", at=house.clock())
    with pytest.raises(CardNotFoundError):
        await house.charge("tok_of_somebody_else")


async def test_a_refund_is_published_when_it_succeeded(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    assert await house.refund(charge, 1_000) == 1_000
    assert await house.refund(charge, 2_999) == 3_999
    with pytest.raises(RefundExceedsChargeError):
        await house.refund(charge, 1)
    assert (await house.published_events()).count("payments.charge.refunded.v1") == 2


async def test_concurrent_refunds_never_exceed_the_charge(counted: tuple[PaymentsHarness, CountingProcessor]) -> None:
    house, processor = counted
    charge = await house.charge(await house.card(), amount=1_000)
    outcomes = await asyncio.gather(*(house.refund(charge, 300) for _ in range(12)), return_exceptions=True)
    assert sum(isinstance(each, int) for each in outcomes) == 3
    assert all(isinstance(each, int | RefundExceedsChargeError) for each in outcomes)
    assert sum(price.amount for price in processor.given.values()) == 900


async def test_a_process_that_dies_after_giving_back_gives_back_once(
    counted: tuple[PaymentsHarness, CountingProcessor],
) -> None:
    house, processor = counted
    charge = await house.charge(await house.card())
    processor.dies = True
    with pytest.raises(ProcessDiedError):
        await house.refund(charge, 1_000, idempotency_key="one")
    processor.dies = False
    assert await house.refund(charge, 1_000, idempotency_key="one") == 1_000
    assert len(processor.given) == 1


async def test_a_refund_without_a_repetition_is_completed_by_the_reconciliation(
    counted: tuple[PaymentsHarness, CountingProcessor],
) -> None:
    house, processor = counted
    charge = await house.charge(await house.card())
    processor.dies = True
    with pytest.raises(ProcessDiedError):
        await house.refund(charge, 1_000)
    processor.dies = False
    assert await house.refund_service.reconcile_pending(at=house.clock.advance(RECONCILE_AFTER)) == 1
    assert (await house.published_events()).count("payments.charge.refunded.v1") == 1


async def test_a_pending_refund_reserves_its_amount(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card(REFUND_SILENT_ONCE))
    with pytest.raises(PaymentPendingError):
        await house.refund(charge, 3_000)
    with pytest.raises(RefundExceedsChargeError):
        await house.refund(charge, 1_000)
    assert await house.refund_service.reconcile_pending(at=house.clock.advance(RECONCILE_AFTER)) == 1


async def test_a_declined_refund_leaves_the_money_to_be_refunded(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card(REFUND_NEVER))
    for _ in range(2):
        with pytest.raises(CardDeclinedError):
            await house.refund(charge, 3_999, idempotency_key="one")
    [after] = await house.charge_service.list_by_account(ADA, after=None, limit=5)
    assert after.amount_refunded == 0
    assert "payments.charge.refunded.v1" not in await house.published_events()


async def test_a_pending_or_declined_charge_is_not_refunded(house: PaymentsHarness) -> None:
    with pytest.raises(PaymentPendingError):
        await house.charge(await house.card(SILENT_ONCE))
    [pending] = await house.charge_service.list_by_account(ADA, after=None, limit=5)
    with pytest.raises(RefundExceedsChargeError):
        await house.refund(pending, 1)


async def test_a_refund_works_after_the_card_is_gone(house: PaymentsHarness) -> None:
    card_id = await house.card()
    charge = await house.charge(card_id)
    await house.card_service.delete(ADA, card_id)
    assert await house.refund(charge, 1_000) == 1_000


async def test_C31_an_erasure_leaves_amounts_without_a_person(house: PaymentsHarness, planter: RawWriter) -> None:
    charge = await house.charge(await house.card(), description="a licence for Ada")
    await house.refund(charge, 1_000)
    erasure = await house.account_eraser.erase(ADA, at=house.clock())
    assert erasure.erased_counts == {"cards": 1}
    [retained] = erasure.retained_items
    assert retained.description.startswith("1 charge,")
    assert retained.retained_until == house.clock() + BOOKS_RETENTION
    for collection in ("cards", "charges", "charge_attempts", "refunds"):
        assert ADA not in str(await planter.read_raw(house.database, collection))
    [row] = await planter.read_raw(house.database, "charges")
    assert (row["amount"], row["amount_refunded"], row["description"]) == (3_999, 1_000, "")


async def test_C31_a_pending_charge_is_completed_after_the_erasure(
    database: Database, clock: FixedClock, counted: tuple[PaymentsHarness, CountingProcessor]
) -> None:
    house, processor = counted
    card_id = await house.card()
    processor.silent = True
    with pytest.raises(PaymentPendingError):
        await house.charge(card_id)
    await house.account_eraser.erase(ADA, at=clock())
    processor.silent = False
    assert await house.operator.reconcile_due(at=clock.advance(RECONCILE_AFTER)) == 1
