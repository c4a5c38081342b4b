"""Charges: executed once despite crashes and timeouts."""

import asyncio
from datetime import timedelta

import pytest

from services.payments.domain import ChargeState
from services.payments.errors import (
    CardDeclinedError,
    CardNotFoundError,
    ChargeNotFoundError,
    PaymentPendingError,
)
from services.payments.service.erasure import BOOKS_RETENTION
from shared.mongo import Database
from tests.integration.payments.faults import CountingProcessor, ProcessDiedError
from tests.integration.payments.harness import ADA, BOB, RECONCILE_AFTER, PaymentsHarness
from tests.support import FixedClock, RawWriter
from tests.support.cards import DECLINED_LATER, SILENT_ONCE


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
    assert await house.operator.reconcile_due(at=house.clock.advance(2 * RECONCILE_AFTER)) == 3


async def test_another_account_cannot_use_a_card_or_ask_about_a_charge(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    with pytest.raises(ChargeNotFoundError):
        await house.request_refund(charge, 1, account_id=BOB)
    with pytest.raises(ChargeNotFoundError):
        await house.refund_service.list_by_charge(BOB, charge.charge_id)
    with pytest.raises(CardNotFoundError):
        await house.charge("tok_of_somebody_else")


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
