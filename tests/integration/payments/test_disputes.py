"""Disputes: the bank takes the money, decides, and gives it back or keeps it; the books follow."""

import asyncio

import pytest

from services.payments.domain import Charge, DisputeState, RefundState
from services.payments.errors import ChargeDisputedError, RefundExceedsChargeError
from services.payments.ports import SimulatedProcessor
from tests.integration.payments.harness import ADA, PaymentsHarness
from tests.support.cards import DISPUTED


async def disputed(house: PaymentsHarness) -> tuple[Charge, str]:
    """Return a charge whose bank disputes it, and the id of the dispute."""
    charge = await house.charge(await house.card(DISPUTED))
    report = await house.processor.get_payment(charge.payment_id)
    assert report.dispute is not None
    return charge, report.dispute.dispute_id


async def decide(house: PaymentsHarness, dispute_id: str, status: str) -> None:
    """Have the bank move the dispute, and apply it."""
    assert isinstance(house.processor, SimulatedProcessor)
    await house.processor.resolve_dispute(dispute_id, status)
    assert await house.after_charge.reports.settle_dispute(dispute_id, at=house.clock())


@pytest.mark.parametrize("status", ["needs_response", "under_review", "lost"])
async def test_a_disputed_charge_is_not_refunded(house: PaymentsHarness, status: str) -> None:
    charge, dispute_id = await disputed(house)
    await decide(house, dispute_id, status)
    after = await house.reload(charge)
    assert (after.dispute_state, after.amount_disputed, after.amount_refundable) == (DisputeState(status), 3_999, 0)
    with pytest.raises(ChargeDisputedError):
        await house.refund(charge, 1)
    assert await house.find_differences() == ()


@pytest.mark.parametrize("status", ["warning_needs_response", "warning_under_review", "warning_closed", "won"])
async def test_an_inquiry_and_a_won_dispute_leave_the_charge_refundable(house: PaymentsHarness, status: str) -> None:
    charge, dispute_id = await disputed(house)
    await decide(house, dispute_id, status)
    assert (await house.refund(charge, 1_000)).state in (RefundState.SUCCEEDED, RefundState.FAILED)
    assert await house.find_differences() == ()


async def test_a_dispute_moves_forward_only_and_is_booked_once(house: PaymentsHarness) -> None:
    charge, dispute_id = await disputed(house)
    for status in ("under_review", "needs_response", "lost", "under_review", "won"):
        await decide(house, dispute_id, status)
    assert (await house.reload(charge)).dispute_state is DisputeState.LOST
    kinds = [entry.kind.value for entry in await house.journal.list_by_charges([charge.charge_id])]
    assert sorted(kinds) == ["capture", "dispute_lost", "dispute_opened"]
    assert await house.find_differences() == ()


async def test_a_state_that_is_not_known_here_changes_nothing(house: PaymentsHarness) -> None:
    charge, dispute_id = await disputed(house)
    await decide(house, dispute_id, "prevented")
    assert (await house.reload(charge)).dispute_state is DisputeState.NONE
    await decide(house, dispute_id, "lost")
    assert (await house.reload(charge)).dispute_state is DisputeState.LOST


async def test_a_won_dispute_gives_the_room_back(house: PaymentsHarness) -> None:
    charge, dispute_id = await disputed(house)
    for status in ("needs_response", "won"):
        await decide(house, dispute_id, status)
    after = await house.reload(charge)
    assert (after.amount_disputed, after.amount_refundable) == (0, 3_999)
    assert await house.find_differences() == ()


async def test_the_same_report_at_the_same_moment_is_booked_once(house: PaymentsHarness) -> None:
    charge, dispute_id = await disputed(house)
    settle = house.after_charge.reports.settle_dispute
    await asyncio.gather(*(settle(dispute_id, at=house.clock()) for _ in range(4)))
    assert (await house.reload(charge)).amount_refundable == 0
    assert await house.find_differences() == ()


async def test_a_refund_beside_a_dispute_at_the_same_moment_leaves_the_books_exact(house: PaymentsHarness) -> None:
    charge, dispute_id = await disputed(house)
    await asyncio.gather(
        house.refund(charge, 3_999),
        house.after_charge.reports.settle_dispute(dispute_id, at=house.clock()),
        return_exceptions=True,
    )
    after = await house.reload(charge)
    assert after.amount_refundable == after.amount_captured - after.amount_refunded - after.amount_disputed
    assert after.amount_refunded == 0  # the processor refuses to refund what the bank has taken
    assert await house.find_differences() == ()


async def test_a_part_dispute_leaves_the_rest_refundable(house: PaymentsHarness) -> None:
    charge, dispute_id = await disputed(house)
    report = await house.processor.get_dispute(dispute_id)
    part = report.__class__(
        dispute_id=dispute_id,
        payment_id=report.payment_id,
        status="needs_response",
        price=charge.price.__class__(amount=1_000, currency="USD"),
        reason="fraudulent",
    )
    await house.after_charge.reports.dispute_settler.settle_dispute(charge, part, at=house.clock())
    assert (await house.reload(charge)).amount_refundable == 2_999
    with pytest.raises(ChargeDisputedError):
        await house.refund(charge, 3_000)
    assert (await house.request_refund(charge, 2_999)).state is RefundState.REQUESTED


async def test_a_dispute_of_a_refunded_charge_leaves_nothing_to_refund(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    await house.refund(charge, 3_999)
    with pytest.raises(RefundExceedsChargeError):
        await house.refund(charge, 1)


async def test_C31_an_erasure_leaves_a_dispute_without_a_person(house: PaymentsHarness) -> None:
    _, dispute_id = await disputed(house)
    await decide(house, dispute_id, "lost")
    await house.account_eraser.erase(ADA, at=house.clock())
    kept = await house.disputes.get(dispute_id)
    assert kept is not None
    assert kept.account_id == ""
