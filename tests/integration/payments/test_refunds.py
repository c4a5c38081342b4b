"""Refunds and credits: decided by staff, carried out once, never more than the charge."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta

import pytest

from services.payments.domain import Refund, RefundKind, RefundState, ReportedRefundStatus
from services.payments.domain.refunds import REQUEST_TTL
from services.payments.errors import (
    ChargeNotRefundableError,
    RefundExceedsChargeError,
    RefundNotFoundError,
    RefundNotOpenError,
    TooManyRefundsError,
)
from services.payments.ports import SimulatedProcessor
from shared.errors import FourEyesError
from tests.integration.payments.faults import CountingProcessor, ProcessDiedError
from tests.integration.payments.harness import (
    ADA,
    ALONE_LIMIT,
    BOB,
    GRACE,
    HEIDI,
    IVAN,
    RECONCILE_AFTER,
    PaymentsHarness,
)
from tests.support.cards import REFUND_FAILS_LATER, REFUND_NEVER, REFUND_PENDING, REFUND_SILENT_ONCE

Counted = tuple[PaymentsHarness, CountingProcessor]


async def test_one_person_refunds_up_to_the_limit(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    refund = await house.refund(charge, 1_000)
    assert (refund.state, refund.approved_by) == (RefundState.SUCCEEDED, (GRACE,))
    assert refund.acquirer_reference
    assert (await house.reload(charge)).amount_refundable == 2_999
    assert (await house.published_events()).count("payments.charge.refunded.v1") == 1
    assert await house.find_differences() == ()


async def test_above_the_limit_a_second_person_must_approve(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card(), amount=ALONE_LIMIT + 1)
    refund = await house.refund(charge, ALONE_LIMIT + 1)
    assert refund.state is RefundState.REQUESTED
    with pytest.raises(FourEyesError):
        await house.refund_service.approve(refund.refund_id, by=GRACE, at=house.clock())
    assert (await house.reload(charge)).amount_refunded == 0
    approved = await house.refund_service.approve(refund.refund_id, by=HEIDI, at=house.clock())
    assert (approved.state, approved.approved_by) == (RefundState.SUCCEEDED, (GRACE, HEIDI))


async def test_a_large_refund_cannot_be_split_into_small_ones(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card(), amount=3 * ALONE_LIMIT)
    assert (await house.refund(charge, ALONE_LIMIT)).state is RefundState.SUCCEEDED
    assert (await house.refund(charge, 1)).state is RefundState.REQUESTED


async def test_small_refunds_at_once_do_not_pass_the_limit_together(counted: Counted) -> None:
    house, processor = counted
    charge = await house.charge(await house.card(), amount=3 * ALONE_LIMIT)
    await asyncio.gather(*(house.refund(charge, 4_000) for _ in range(6)), return_exceptions=True)
    assert sum(price.amount for price in processor.given.values()) <= ALONE_LIMIT
    assert await house.find_differences() == ()


async def test_a_credit_always_needs_two_people(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    credit = await house.refund(charge, 100, kind=RefundKind.CREDIT)
    assert credit.state is RefundState.REQUESTED
    approved = await house.refund_service.approve(credit.refund_id, by=HEIDI, at=house.clock())
    assert approved.state is RefundState.SUCCEEDED
    assert await house.find_differences() == ()


async def test_a_repeated_approval_has_no_further_effect(counted: Counted) -> None:
    house, processor = counted
    charge = await house.charge(await house.card())
    credit = await house.refund(charge, 100, kind=RefundKind.CREDIT)
    for _ in range(2):
        approved = await house.refund_service.approve(credit.refund_id, by=HEIDI, at=house.clock())
        assert approved.state is RefundState.SUCCEEDED
    with pytest.raises(RefundNotOpenError):
        await house.refund_service.approve(credit.refund_id, by=IVAN, at=house.clock())
    assert len(processor.given) == 1


async def test_two_approvals_at_once_pay_once(counted: Counted) -> None:
    house, processor = counted
    charge = await house.charge(await house.card(), amount=2 * ALONE_LIMIT)
    refund = await house.refund(charge, ALONE_LIMIT + 1)
    await asyncio.gather(
        *(house.refund_service.approve(refund.refund_id, by=by, at=house.clock()) for by in (HEIDI, IVAN)),
        return_exceptions=True,
    )
    assert len(processor.given) == 1
    assert (await house.refund_service.get(refund.refund_id)).state is RefundState.SUCCEEDED


async def test_a_customer_asks_and_one_approval_is_enough_below_the_limit(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    request = await house.request_refund(charge, 1_000)
    assert (request.state, request.approved_by) == (RefundState.REQUESTED, ())
    assert (await house.refund_service.approve(request.refund_id, by=GRACE, at=house.clock())).state is (
        RefundState.SUCCEEDED
    )
    [shown] = await house.refund_service.list_by_charge(ADA, charge.charge_id)
    assert (shown.state, shown.reason) == (RefundState.SUCCEEDED, "It came twice.")


async def test_a_rejected_request_is_told_with_its_reason(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    request = await house.request_refund(charge, 1_000)
    for _ in range(2):
        rejected = await house.refund_service.reject(
            request.refund_id, by=GRACE, reason="It was used.", at=house.clock()
        )
        assert (rejected.state, rejected.rejection_reason) == (RefundState.REJECTED, "It was used.")
    assert (await house.published_events()).count("payments.refund.rejected.v1") == 1
    with pytest.raises(RefundNotOpenError):
        await house.refund_service.approve(request.refund_id, by=HEIDI, at=house.clock())


async def test_C21_every_act_of_staff_is_an_entry_for_the_ledger(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    credit = await house.refund(charge, 100, kind=RefundKind.CREDIT)
    await house.refund_service.read(credit.refund_id, by=IVAN, at=house.clock())
    await house.refund_service.approve(credit.refund_id, by=HEIDI, at=house.clock())
    entries = await house.list_accesses()
    assert sorted(entry.recipient_id for entry in entries) == [GRACE, HEIDI, IVAN]
    assert {(entry.account_id, entry.purpose, entry.basis) for entry in entries} == {(ADA, "credit", credit.refund_id)}


async def test_what_is_left_of_the_charge_is_the_most_that_is_refunded(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    await house.refund(charge, 1_000)
    with pytest.raises(RefundExceedsChargeError):
        await house.refund(charge, 3_000)
    await house.refund(charge, 2_999)
    with pytest.raises(RefundExceedsChargeError):
        await house.request_refund(charge, 1)


async def test_b4_13_concurrent_refunds_never_exceed_the_charge(counted: Counted) -> None:
    house, processor = counted
    charge = await house.charge(await house.card(), amount=1_000)
    outcomes = await asyncio.gather(*(house.refund(charge, 300) for _ in range(12)), return_exceptions=True)
    assert sum(isinstance(each, Refund) and each.state is RefundState.SUCCEEDED for each in outcomes) == 3
    assert sum(price.amount for price in processor.given.values()) == 900
    assert await house.find_differences() == ()


async def test_a_process_that_dies_after_giving_back_gives_back_once(counted: Counted) -> None:
    house, processor = counted
    charge = await house.charge(await house.card())
    processor.dies = True
    with pytest.raises(ProcessDiedError):
        await house.refund(charge, 1_000, idempotency_key="one")
    processor.dies = False
    assert (await house.refund(charge, 1_000, idempotency_key="one")).state is RefundState.SUCCEEDED
    assert len(processor.given) == 1
    assert (await house.reload(charge)).amount_refunded == 1_000


async def test_a_refund_without_a_repetition_is_completed_by_the_reconciliation(counted: Counted) -> None:
    house, processor = counted
    charge = await house.charge(await house.card())
    processor.dies = True
    with pytest.raises(ProcessDiedError):
        await house.refund(charge, 1_000)
    processor.dies = False
    assert await house.after_charge.refund_executor.reconcile_due(at=house.clock.advance(RECONCILE_AFTER)) == 1
    assert (await house.published_events()).count("payments.charge.refunded.v1") == 1
    assert len(processor.given) == 1


async def test_a_refund_without_an_answer_reserves_its_amount(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card(REFUND_SILENT_ONCE))
    assert (await house.refund(charge, 3_000)).state is RefundState.PENDING
    with pytest.raises(RefundExceedsChargeError):
        await house.refund(charge, 1_000)
    assert await house.after_charge.refund_executor.reconcile_due(at=house.clock.advance(RECONCILE_AFTER)) == 1
    assert await house.find_differences() == ()


async def test_a_refund_is_asked_about_ever_more_rarely_and_then_left_to_a_person(counted: Counted) -> None:
    house, processor = counted
    charge = await house.charge(await house.card())
    processor.silent = True
    refund = await house.refund(charge, 1_000)
    for _ in range(12):
        await house.after_charge.refund_executor.resume(
            await house.refund_service.get(refund.refund_id), at=house.clock()
        )
    assert await house.refunds.count_unresolved() == 1


async def test_a_refund_that_the_processor_made_is_found_after_its_key_is_forgotten(counted: Counted) -> None:
    house, processor = counted
    charge = await house.charge(await house.card())
    processor.dies = True
    with pytest.raises(ProcessDiedError):
        await house.refund(charge, 1_000)
    processor.dies = False
    late = house.clock.advance(30 * 24 * 120 * RECONCILE_AFTER)
    assert await house.after_charge.refund_executor.reconcile_due(at=late) == 1
    assert len(processor.given) == 1


async def test_a_failed_refund_leaves_the_money_to_be_refunded(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card(REFUND_NEVER))
    refund = await house.refund(charge, 3_999)
    assert (refund.state, refund.failure_reason) == (RefundState.FAILED, "expired_or_canceled_card")
    assert (await house.reload(charge)).amount_refundable == 3_999
    assert "payments.charge.refunded.v1" not in await house.published_events()
    assert "payments.refund.failed.v1" in await house.published_events()


async def test_a_refund_that_fails_days_later_is_reversed_in_the_books(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card(REFUND_FAILS_LATER))
    refund = await house.refund(charge, 3_999)
    assert refund.state is RefundState.SUCCEEDED
    for _ in range(2):  # the event comes twice
        await house.after_charge.reports.settle_refund(refund.processor_id, at=house.clock())
    assert (await house.refund_service.get(refund.refund_id)).state is RefundState.FAILED
    assert (await house.reload(charge)).amount_refundable == 3_999
    assert (await house.published_events()).count("payments.refund.failed.v1") == 1
    kinds = [entry.kind for entry in await house.journal.list_by_charges([charge.charge_id])]
    assert sorted(kinds) == ["capture", "refund", "refund_reversal"]
    assert await house.find_differences() == ()


async def test_a_refund_that_the_bank_takes_its_time_for_is_pending_until_then(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card(REFUND_PENDING))
    assert (await house.refund(charge, 1_000)).state is RefundState.PENDING
    assert await house.after_charge.refund_executor.reconcile_due(at=house.clock.advance(RECONCILE_AFTER)) == 1
    assert await house.find_differences() == ()


async def test_a_charge_that_was_not_captured_is_not_refunded(house: PaymentsHarness) -> None:
    authorized = await house.authorize()
    with pytest.raises(ChargeNotRefundableError):
        await house.refund(authorized, 1)


async def test_a_refund_works_after_the_card_is_gone(house: PaymentsHarness) -> None:
    card_id = await house.card()
    charge = await house.charge(card_id)
    await house.card_service.delete(ADA, card_id)
    assert (await house.refund(charge, 1_000)).state is RefundState.SUCCEEDED


async def test_a_charge_takes_a_bounded_number_of_requests(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    for _ in range(20):
        await house.request_refund(charge, 1)
    with pytest.raises(TooManyRefundsError):
        await house.request_refund(charge, 1)


def withdraw(house: PaymentsHarness, refund: Refund, account_id: str = ADA) -> Awaitable[Refund]:
    return house.after_charge.refund_requests.withdraw_request(
        account_id, refund.charge_id, refund.refund_id, at=house.clock()
    )


async def test_a_customer_withdraws_their_own_request_while_it_is_not_decided(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    asked, decided = await house.request_refund(charge, 2_000), await house.request_refund(charge, 1_000)
    for _ in range(2):
        assert (await withdraw(house, asked)).state is RefundState.WITHDRAWN
    with pytest.raises(RefundNotOpenError):
        await house.refund_service.approve(asked.refund_id, by=GRACE, at=house.clock())
    await house.refund_service.approve(decided.refund_id, by=GRACE, at=house.clock())
    with pytest.raises(RefundNotOpenError):
        await withdraw(house, decided)
    with pytest.raises(RefundNotFoundError):
        await withdraw(house, asked, account_id=BOB)
    with pytest.raises(RefundNotFoundError):
        await withdraw(house, await house.refund(charge, 500, kind=RefundKind.CREDIT))
    assert await house.find_differences() == ()


async def test_a_withdrawal_and_an_approval_at_once_have_one_effect(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    asked = await house.request_refund(charge, 1_000)
    approve = house.refund_service.approve(asked.refund_id, by=GRACE, at=house.clock())
    outcomes = await asyncio.gather(withdraw(house, asked), approve, return_exceptions=True)
    assert sum(isinstance(each, RefundNotOpenError) for each in outcomes) == 1
    refunded = (await house.reload(charge)).amount_refunded
    assert refunded == (0 if (await house.refund_service.get(asked.refund_id)).state == "withdrawn" else 1_000)


async def test_a_request_that_is_not_decided_in_time_expires_and_the_customer_is_told(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    asked = await house.request_refund(charge, 1_000)
    half = await house.refund(charge, 500, kind=RefundKind.CREDIT)
    requests = house.after_charge.refund_requests
    assert await requests.expire_due(at=house.clock.advance(REQUEST_TTL - timedelta(seconds=1))) == 0
    assert await requests.expire_due(at=house.clock.advance(timedelta(seconds=1))) == 2
    assert await requests.expire_due(at=house.clock()) == 0
    for refund in (asked, half):
        expired = await house.refund_service.get(refund.refund_id)
        assert (expired.state, "30 days" in expired.rejection_reason) == (RefundState.EXPIRED, True)
        with pytest.raises(RefundNotOpenError):
            await house.refund_service.approve(refund.refund_id, by=HEIDI, at=house.clock())
    assert (await house.published_events()).count("payments.refund.rejected.v1") == 1
    assert (await house.reload(charge)).amount_refundable == 3_999


async def test_a_refund_made_at_the_processor_is_adopted(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    processor = house.processor
    assert isinstance(processor, SimulatedProcessor)
    made = await processor.refund(charge.payment_id, charge.price, key="made at the processor")
    assert made.status is ReportedRefundStatus.SUCCEEDED
    for _ in range(2):
        assert await house.after_charge.reports.settle_refund(made.refund_id, at=house.clock())
    [adopted] = await house.refund_service.list_by_charge(ADA, charge.charge_id)
    assert (adopted.requested_by, adopted.state) == ("processor", RefundState.SUCCEEDED)
    assert (await house.reload(charge)).amount_refundable == 0
    with pytest.raises(RefundExceedsChargeError):
        await house.refund(charge, 1)
    assert await house.find_differences() == ()


async def test_C31_an_erasure_leaves_a_refund_without_a_person(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    refund = await house.refund(charge, 1_000)
    await house.account_eraser.erase(ADA, at=house.clock())
    kept = await house.refund_service.get(refund.refund_id)
    assert (kept.account_id, kept.reason, kept.price.amount) == ("", "", 1_000)
