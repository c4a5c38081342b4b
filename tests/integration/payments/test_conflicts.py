"""A charge with other figures at the processor: two people accept them or return the money, and the books agree."""

import asyncio
from dataclasses import replace

import pytest

from services.payments.domain import Charge, ChargeState, RefundState, ReportedPayment
from services.payments.domain.conflicts import ConflictOutcome, ConflictResolution, accept_figures
from services.payments.errors import (
    ChargeConflictedError,
    ChargeNotConflictedError,
    ConflictNotResolvableError,
    ResolutionOutdatedError,
)
from services.payments.ports import SimulatedProcessor
from shared.errors import FourEyesError
from tests.integration.payments.harness import ADA, GRACE, HEIDI, PaymentsHarness
from tests.support.cards import OTHER_AMOUNT


async def conflicted(house: PaymentsHarness, number: str = OTHER_AMOUNT, *, capture: bool = True) -> Charge:
    with pytest.raises(ChargeConflictedError):
        await house.charge(await house.card(number), is_capture_automatic=capture)
    charges = await house.charge_service.list_by_account(ADA, after=None, limit=9)
    return next(charge for charge in charges if charge.state is ChargeState.CONFLICTED)


async def propose(house: PaymentsHarness, charge: Charge, outcome: ConflictOutcome) -> ConflictResolution:
    return await house.after_charge.conflict_service.propose_resolution(
        charge.charge_id, outcome, reason="Case 7: compared with the statement.", by=GRACE, at=house.clock()
    )


async def approve(house: PaymentsHarness, resolution: ConflictResolution, by: str = HEIDI) -> Charge:
    _, charge = await house.after_charge.conflict_service.approve_resolution(
        resolution.resolution_id, by=by, at=house.clock()
    )
    return charge


async def test_accepted_figures_are_booked_as_the_processor_has_them(house: PaymentsHarness) -> None:
    charge = await conflicted(house)
    assert (charge.amount_captured, charge.price.amount) == (0, 3_999)
    resolution = await propose(house, charge, ConflictOutcome.ACCEPT)
    assert (await house.reload(charge)).state is ChargeState.CONFLICTED
    resolved = await approve(house, resolution)
    assert (resolved.state, resolved.amount_captured) == (ChargeState.PARTIALLY_CAPTURED, 3_999)
    assert resolved.price.amount == 399_900, "what the processor says the order was"
    assert await house.find_differences() == ()
    assert (await house.published_events()).count("payments.charge.captured.v1") == 1
    assert [entry.recipient_id for entry in await house.list_accesses()] == [GRACE, HEIDI]
    assert (await house.refund(resolved, 1_000)).state is RefundState.SUCCEEDED


async def test_captured_money_is_returned_as_a_refund_of_two_people(house: PaymentsHarness) -> None:
    charge = await conflicted(house)
    resolved = await approve(house, await propose(house, charge, ConflictOutcome.RETURN))
    assert (resolved.amount_refunded, resolved.amount_refundable) == (3_999, 0)
    [refund] = await house.refund_service.list_by_charge(ADA, charge.charge_id)
    assert (refund.state, refund.approved_by) == (RefundState.SUCCEEDED, (GRACE, HEIDI))
    assert await house.find_differences() == ()


async def test_an_authorization_is_voided_when_it_is_returned(house: PaymentsHarness) -> None:
    processor = LyingLater(clock=house.clock)
    house = PaymentsHarness(house.database, house.clock, processor)
    charge = await house.authorize()
    processor.factor = 2
    await house.after_charge.reports.settle_payment(charge.payment_id, at=house.clock())
    charge = await house.reload(charge)
    assert (charge.state, charge.amount_authorized) == (ChargeState.CONFLICTED, 3_999)
    resolved = await approve(house, await propose(house, charge, ConflictOutcome.RETURN))
    assert resolved.amount_authorized == 7_998
    assert await house.find_differences() == ()
    await house.operator.reconcile_due(at=house.clock())
    assert (await house.reload(charge)).state is ChargeState.VOIDED
    assert await house.find_differences() == ()


class LyingLater(SimulatedProcessor):
    """A processor whose figures change."""

    factor = 1

    async def get_payment(self, payment_id: str) -> ReportedPayment:
        found = await super().get_payment(payment_id)
        return self._changed(found)

    async def void_payment(self, payment_id: str, *, key: str) -> ReportedPayment:
        return self._changed(await super().void_payment(payment_id, key=key))

    def _changed(self, found: ReportedPayment) -> ReportedPayment:
        assert found.price is not None
        return replace(
            found,
            price=replace(found.price, amount=found.price.amount * self.factor),
            amount_authorized=found.amount_authorized * self.factor,
        )


async def test_one_person_is_not_two(house: PaymentsHarness) -> None:
    charge = await conflicted(house)
    resolution = await propose(house, charge, ConflictOutcome.ACCEPT)
    with pytest.raises(FourEyesError):
        await approve(house, resolution, by=GRACE)
    assert (await house.reload(charge)).state is ChargeState.CONFLICTED


async def test_figures_that_changed_after_the_proposal_are_not_approved(house: PaymentsHarness) -> None:
    processor = LyingLater(clock=house.clock)
    house = PaymentsHarness(house.database, house.clock, processor)
    charge = await conflicted(house)
    resolution = await propose(house, charge, ConflictOutcome.ACCEPT)
    processor.factor = 3
    with pytest.raises(ResolutionOutdatedError):
        await approve(house, resolution)
    assert (await house.reload(charge)).state is ChargeState.CONFLICTED


async def test_approvals_at_once_and_twice_have_one_effect(house: PaymentsHarness) -> None:
    charge = await conflicted(house)
    first = await propose(house, charge, ConflictOutcome.RETURN)
    second = await propose(house, charge, ConflictOutcome.RETURN)
    outcomes = await asyncio.gather(*(approve(house, each) for each in (first, first, second)), return_exceptions=True)
    assert all(isinstance(each, Charge | ChargeNotConflictedError) for each in outcomes), outcomes
    assert len(await house.refund_service.list_by_charge(ADA, charge.charge_id)) == 1
    assert (await house.reload(charge)).amount_refunded == 3_999
    assert await house.find_differences() == ()


async def test_a_charge_without_a_conflict_takes_no_resolution(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    with pytest.raises(ChargeNotConflictedError):
        await propose(house, charge, ConflictOutcome.ACCEPT)
    resolution = await propose(house, await conflicted(house), ConflictOutcome.ACCEPT)
    await approve(house, resolution)
    assert (await approve(house, resolution)).state is ChargeState.PARTIALLY_CAPTURED, "repeated, it is told again"


async def test_another_currency_is_taken_over_only_where_nothing_is_booked(house: PaymentsHarness) -> None:
    charge = replace(await conflicted(house), amount_authorized=3_999)
    report = await house.processor.get_payment(charge.payment_id)
    assert report.price is not None
    other = replace(report, price=replace(report.price, currency="EUR"))
    with pytest.raises(ConflictNotResolvableError):
        accept_figures(charge, other)
    assert accept_figures(replace(charge, amount_authorized=0), other).price.currency == "EUR"
