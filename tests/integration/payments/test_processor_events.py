"""Events of the processor: signed, applied once, parked while their charge is unknown, never believed by their body."""

import asyncio
from datetime import datetime, timedelta

import pytest

from services.payments.domain import ChargeState, RefundState, ReportedPayment
from services.payments.errors import InvalidEventError, PaymentPendingError
from services.payments.ports import SimulatedProcessor
from services.payments.store import ProcessorEventDocument
from tests.integration.payments.harness import ADA, RECONCILE_AFTER, WEBHOOK_SECRET, PaymentsHarness
from tests.support.cards import DISPUTED, REFUND_FAILS_LATER, SILENT_ONCE
from tests.support.webhooks import build_event as event
from tests.support.webhooks import sign_event


async def receive(house: PaymentsHarness, body: bytes, *, signed_at: datetime | None = None) -> None:
    signature = sign_event(body, WEBHOOK_SECRET, at=signed_at or house.clock())
    await house.after_charge.event_service.receive_event(body, signature, at=house.clock())


async def states(house: PaymentsHarness) -> list[str]:
    return sorted(row.state for row in await house.database.get_collection(ProcessorEventDocument).list({}))


class BrokenReads(SimulatedProcessor):
    """A processor with one payment whose answer nothing here can take."""

    poisoned = ""
    asked: list[str]

    async def get_payment(self, payment_id: str) -> ReportedPayment:
        self.asked = [*getattr(self, "asked", []), payment_id]
        if payment_id == self.poisoned:
            raise ZeroDivisionError
        return await super().get_payment(payment_id)


async def test_an_event_completes_a_charge_whose_answer_was_lost(house: PaymentsHarness) -> None:
    card_id = await house.card(SILENT_ONCE)
    with pytest.raises(PaymentPendingError):
        await house.charge(card_id, idempotency_key="one")
    [pending] = await house.charge_service.list_by_account(ADA, after=None, limit=5)
    report = await house.processor.find_payment(pending.attempt_id)
    assert report is not None
    await receive(house, event("payment_intent.succeeded", report.payment_id))
    assert (await house.reload(pending)).state is ChargeState.CAPTURED
    assert await states(house) == ["applied"]
    assert await house.published_events() == ["payments.charge.captured.v1"]


async def test_event_return_page_and_reconciliation_at_once_have_one_effect(house: PaymentsHarness) -> None:
    with pytest.raises(PaymentPendingError):
        await house.charge(await house.card(SILENT_ONCE))
    [pending] = await house.charge_service.list_by_account(ADA, after=None, limit=5)
    report = await house.processor.find_payment(pending.attempt_id)
    assert report is not None
    later = house.clock.advance(RECONCILE_AFTER)
    await asyncio.gather(
        *(receive(house, event("payment_intent.succeeded", report.payment_id)) for _ in range(3)),
        *(house.after_charge.reports.settle_payment(report.payment_id, at=later) for _ in range(3)),
        house.operator.reconcile_due(at=later),
    )
    assert (await house.reload(pending)).state is ChargeState.CAPTURED
    assert await house.published_events() == ["payments.charge.captured.v1"]
    assert await house.find_differences() == ()


async def test_an_event_and_a_repetition_have_one_effect(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    body = event("payment_intent.succeeded", charge.payment_id)
    for _ in range(3):
        await receive(house, body)
    assert await states(house) == ["applied"]
    assert await house.published_events() == ["payments.charge.captured.v1"]


async def test_b4_14_an_event_of_an_unknown_charge_is_parked_and_matched_later(house: PaymentsHarness) -> None:
    other = PaymentsHarness(house.database, house.clock, SimulatedProcessor(clock=house.clock))
    charge = await house.charge(await house.card())
    await receive(other, event("payment_intent.succeeded", charge.payment_id))
    assert await states(house) == ["parked"]
    assert await house.after_charge.event_service.apply_due(at=house.clock.advance(timedelta(seconds=2))) == 1
    assert await states(house) == ["applied"]


async def test_b4_14_a_parked_event_is_reported_after_an_hour_and_abandoned_after_days(house: PaymentsHarness) -> None:
    service = house.after_charge.event_service
    await receive(house, event("payment_intent.succeeded", "pi_of_nobody"))
    assert await service.count_overdue(at=house.clock()) == 0
    assert await service.count_overdue(at=house.clock.advance(timedelta(hours=1))) == 1
    for _ in range(12):
        await service.apply_due(at=house.clock.advance(timedelta(days=1)))
    assert await states(house) == ["abandoned"]
    assert await service.count_overdue(at=house.clock()) == 1


async def test_an_event_that_makes_the_worker_fail_does_not_keep_it_from_the_others(house: PaymentsHarness) -> None:
    broken = BrokenReads(clock=house.clock)
    house = PaymentsHarness(house.database, house.clock, broken)
    await receive(house, event("payment_intent.succeeded", "pi_first"))
    house.clock.advance(timedelta(seconds=1))
    await receive(house, event("payment_intent.succeeded", "pi_second"))
    service, later = house.after_charge.event_service, house.clock.advance(timedelta(minutes=1))
    broken.poisoned = "pi_first"
    with pytest.raises(ZeroDivisionError):
        await service.apply_due(at=later)
    assert await service.apply_due(at=later) == 1
    assert broken.asked[-1] == "pi_second"


async def test_what_the_body_claims_is_not_believed(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    await receive(house, event("payment_intent.canceled", charge.payment_id, status="canceled", amount=1))
    assert (await house.reload(charge)).state is ChargeState.CAPTURED


async def test_a_refund_that_fails_later_is_learnt_from_its_event(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card(REFUND_FAILS_LATER))
    refund = await house.refund(charge, 1_000)
    await receive(house, event("refund.failed", refund.processor_id))
    assert (await house.refund_service.get(refund.refund_id)).state is RefundState.FAILED


async def test_a_dispute_is_learnt_from_its_event(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card(DISPUTED))
    report = await house.processor.get_payment(charge.payment_id)
    assert report.dispute is not None
    await receive(house, event("charge.dispute.created", report.dispute.dispute_id))
    assert (await house.reload(charge)).amount_disputed == 3_999


async def test_an_event_of_another_type_is_ignored(house: PaymentsHarness) -> None:
    await receive(house, event("customer.created", "cus_1"))
    assert await states(house) == ["ignored"]


async def test_an_object_that_the_processor_does_not_know_parks_the_event(house: PaymentsHarness) -> None:
    await receive(house, event("refund.updated", "re_of_nobody"))
    assert await states(house) == ["parked"]


@pytest.mark.parametrize("late", [timedelta(minutes=-6), timedelta(minutes=1), timedelta(days=400)])
async def test_a_signature_of_another_time_is_refused(house: PaymentsHarness, late: timedelta) -> None:
    body = event("payment_intent.succeeded", "pi_1")
    with pytest.raises(InvalidEventError):
        await receive(house, body, signed_at=house.clock() + late)
    assert await states(house) == []


async def test_nothing_but_ids_is_stored_of_an_event(house: PaymentsHarness) -> None:
    body = event("payment_intent.succeeded", "pi_1", billing_details={"name": "Ada Lovelace"}, last4="4242")
    await receive(house, body)
    [row] = await house.database.get_collection(ProcessorEventDocument).list({})
    assert "Ada" not in str(row)
    assert set(row.to_mongo()) == {"_id", "type", "object_id", "state", "attempts", "due_at", "received_at"}
