"""Orders and attempts: authorize, capture whole and in part, void, expire, authenticate, try again; one effect."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from services.payments.domain import MAX_ATTEMPTS, Charge, ChargeOperation, ChargeState, DeclineReason, RefundState
from services.payments.errors import (
    CardDeclinedError,
    ChargeConflictedError,
    ChargeNotCapturableError,
    ChargeNotFoundError,
    ChargeNotRefundableError,
    ChargeNotRetryableError,
    ChargeNotVoidableError,
    DuplicateOrderError,
    PaymentPendingError,
    ProcessorUnavailableError,
    RefundExceedsChargeError,
    UnsupportedAmountError,
    UnsupportedCurrencyError,
)
from services.payments.ports import SimulatedProcessor
from shared.ids import new_id
from shared.observe import render_metrics
from tests.integration.payments.harness import ADA, BOB, RECONCILE_AFTER, PaymentsHarness
from tests.support import RawWriter
from tests.support.cards import (
    CAPTURE_SILENT_ONCE,
    DECLINED_LATER,
    EXPIRED_EARLY,
    OTHER_AMOUNT,
    OTHER_CURRENCY,
    REQUIRES_ACTION,
    SILENT_ONCE,
    UNREACHABLE_ONCE,
    VOID_SILENT_ONCE,
)


async def failed(house: PaymentsHarness, number: str = DECLINED_LATER) -> Charge:
    with pytest.raises((CardDeclinedError, ChargeConflictedError)):
        await house.charge(await house.card(number))
    [charge] = await house.charge_service.list_by_account(ADA, after=None, limit=1)
    return charge


async def retry(house: PaymentsHarness, charge: Charge, card_id: str, *, idempotency_key: str = "") -> Charge:
    return await house.charge_service.create_attempt(
        ADA, charge.charge_id, card_id, idempotency_key=idempotency_key or new_id("op"), at=house.clock()
    )


async def capture(house: PaymentsHarness, charge: Charge, amount: int | None = None) -> Charge:
    return await house.charge_service.capture(charge.charge_id, amount, at=house.clock())


async def test_an_authorization_is_captured_in_full(house: PaymentsHarness) -> None:
    charge = await house.authorize()
    assert (charge.state, charge.amount_authorized, charge.amount_captured) == (ChargeState.AUTHORIZED, 3_999, 0)
    assert await house.published_events() == []
    taken = await capture(house, charge)
    assert (taken.state, taken.amount_captured, taken.amount_released) == (ChargeState.CAPTURED, 3_999, 0)
    assert await house.published_events() == ["payments.charge.captured.v1"]


async def test_a_part_is_captured_and_the_rest_released_in_the_same_step(house: PaymentsHarness) -> None:
    charge = await capture(house, await house.authorize(amount=1_000), 400)
    stored = await house.reload(charge)
    assert (stored.state, stored.amount_captured, stored.amount_released, stored.amount_refundable) == (
        ChargeState.PARTIALLY_CAPTURED,
        400,
        600,
        400,
    )
    assert (await house.refund(charge, 400)).state is RefundState.SUCCEEDED
    with pytest.raises(RefundExceedsChargeError):
        await house.refund(charge, 1)


async def test_an_authorized_charge_cannot_be_refunded(house: PaymentsHarness) -> None:
    with pytest.raises(ChargeNotRefundableError):
        await house.refund(await house.authorize(), 1)


@pytest.mark.parametrize("amount", [4_000, 99_999_999])
async def test_no_more_than_the_authorization_is_captured(house: PaymentsHarness, amount: int) -> None:
    charge = await house.authorize()
    with pytest.raises(ChargeNotCapturableError):
        await capture(house, charge, amount)
    assert await house.reload(charge) == charge


async def test_captures_at_the_same_moment_take_the_money_once(house: PaymentsHarness) -> None:
    charge = await house.authorize(amount=1_000)
    taken = await asyncio.gather(*(capture(house, charge, 600) for _ in range(6)), return_exceptions=True)
    assert all(isinstance(each, Charge) and each.amount_captured == 600 for each in taken), taken
    other = await asyncio.gather(capture(house, charge, 600), capture(house, charge, 500), return_exceptions=True)
    assert isinstance(other[0], Charge)
    assert isinstance(other[1], ChargeNotCapturableError)
    assert (await house.reload(charge)).amount_captured == 600


async def test_a_capture_and_a_void_at_the_same_moment_leave_one_of_them(house: PaymentsHarness) -> None:
    for _ in range(5):
        charge = await house.authorize()
        void = house.charge_service.void_charge(charge.charge_id, at=house.clock())
        await asyncio.gather(capture(house, charge), void, return_exceptions=True)
        after = await house.reload(charge)
        assert after.state in (ChargeState.CAPTURED, ChargeState.VOIDED)
        assert after.amount_captured + after.amount_released == 3_999


async def test_a_voided_authorization_is_released_and_stays_so(house: PaymentsHarness) -> None:
    charge = await house.authorize()
    for _ in range(2):
        ended = await house.charge_service.void_charge(charge.charge_id, at=house.clock())
        assert (ended.state, ended.amount_released) == (ChargeState.VOIDED, 3_999)
    with pytest.raises(ChargeNotCapturableError):
        await capture(house, charge)
    with pytest.raises(ChargeNotRefundableError):
        await house.refund(charge, 1)


async def test_a_captured_charge_is_not_voided(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    with pytest.raises(ChargeNotVoidableError):
        await house.charge_service.void_charge(charge.charge_id, at=house.clock())


@pytest.mark.parametrize("number", [CAPTURE_SILENT_ONCE, VOID_SILENT_ONCE])
async def test_a_lost_answer_is_asked_for_again_by_the_reconciliation(house: PaymentsHarness, number: str) -> None:
    charge = await house.authorize(number)
    captures = number == CAPTURE_SILENT_ONCE
    void = house.charge_service.void_charge
    with pytest.raises(PaymentPendingError):
        await (capture(house, charge, 1_000) if captures else void(charge.charge_id, at=house.clock()))
    assert (await house.reload(charge)).operation is not ChargeOperation.NONE
    assert await house.operator.reconcile_due(at=house.clock.advance(RECONCILE_AFTER)) == 1
    after = await house.reload(charge)
    expected = {CAPTURE_SILENT_ONCE: (1_000, 2_999), VOID_SILENT_ONCE: (0, 3_999)}[number]
    assert (after.amount_captured, after.amount_released) == expected


async def test_an_authorization_that_is_not_captured_in_time_expires(house: PaymentsHarness) -> None:
    charge = await house.authorize()
    assert await house.operator.reconcile_due(at=house.clock.advance(timedelta(days=6))) == 0
    assert (await house.reload(charge)).state is ChargeState.AUTHORIZED
    assert await house.operator.reconcile_due(at=house.clock.advance(timedelta(days=1, minutes=1))) == 1
    after = await house.reload(charge)
    assert (after.state, after.amount_released) == (ChargeState.EXPIRED, 3_999)


async def test_a_capture_that_comes_too_late_finds_the_authorization_expired(house: PaymentsHarness) -> None:
    charge = await house.authorize(EXPIRED_EARLY)
    with pytest.raises(ChargeNotCapturableError):
        await capture(house, charge)
    after = await house.reload(charge)
    assert (after.state, after.operation, after.amount_captured) == (ChargeState.EXPIRED, ChargeOperation.NONE, 0)


async def test_a_customer_authenticates_and_the_charge_is_captured(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card(REQUIRES_ACTION))
    assert (charge.state, bool(charge.action_url)) == (ChargeState.REQUIRES_ACTION, True)
    assert isinstance(house.processor, SimulatedProcessor)
    await house.processor.authenticate(charge.payment_id)
    after = await house.charge_service.get_current(ADA, charge.charge_id, at=house.clock())
    assert (after.state, after.action_url) == (ChargeState.CAPTURED, "")
    assert await house.published_events() == ["payments.charge.captured.v1"]


async def test_webhook_return_page_and_reconciliation_at_once_capture_once(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card(REQUIRES_ACTION))
    assert isinstance(house.processor, SimulatedProcessor)
    await house.processor.authenticate(charge.payment_id)
    report = await house.processor.get_payment(charge.payment_id)
    at = house.clock.advance(RECONCILE_AFTER)
    await asyncio.gather(
        *(house.charge_service.get_current(ADA, charge.charge_id, at=at) for _ in range(3)),
        *(house.settler.settle_payment(report, at=at) for _ in range(3)),
        house.operator.reconcile_due(at=at),
    )
    assert (await house.reload(charge)).state is ChargeState.CAPTURED
    assert await house.published_events() == ["payments.charge.captured.v1"]


async def test_an_authentication_that_is_given_up_ends_after_an_hour(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card(REQUIRES_ACTION))
    await house.operator.reconcile_due(at=house.clock.advance(timedelta(minutes=59)))
    assert (await house.reload(charge)).state is ChargeState.REQUIRES_ACTION
    await house.operator.reconcile_due(at=house.clock.advance(timedelta(minutes=2)))
    after = await house.reload(charge)
    assert (after.state, after.decline_reason) == (ChargeState.FAILED, DeclineReason.AUTHENTICATION_ABANDONED)


@pytest.mark.parametrize("number", [OTHER_AMOUNT, OTHER_CURRENCY])
async def test_a_processor_that_reports_other_figures_makes_a_conflict(house: PaymentsHarness, number: str) -> None:
    charge = await failed(house, number)
    assert (charge.state, charge.amount_captured, charge.is_open) == (ChargeState.CONFLICTED, 0, False)
    attempt = await house.attempts.get(charge.attempt_id)
    assert attempt is not None
    assert attempt.reported not in (None, charge.price)
    with pytest.raises(ChargeConflictedError):
        await house.refund(charge, 1)
    with pytest.raises(ChargeNotRetryableError):
        await retry(house, charge, await house.card())


async def test_one_order_has_many_attempts_and_one_effect(house: PaymentsHarness) -> None:
    charge = await failed(house)
    assert charge.decline_reason is DeclineReason.GENERIC_DECLINE
    with pytest.raises(CardDeclinedError):
        await retry(house, charge, await house.card(DECLINED_LATER))
    paid = await retry(house, charge, await house.card())
    assert (paid.charge_id, paid.state, paid.attempt_count) == (charge.charge_id, ChargeState.CAPTURED, 3)
    assert paid.decline_reason is None
    attempts = await house.attempts.list_by_charge(charge.charge_id)
    assert [each.state for each in attempts] == [ChargeState.FAILED, ChargeState.FAILED, ChargeState.CAPTURED]
    assert {each.processor_ref for each in attempts} == {""}
    with pytest.raises(ChargeNotRetryableError):
        await retry(house, paid, await house.card())


async def test_b4_10_a_repeated_attempt_is_made_once(house: PaymentsHarness) -> None:
    charge, card_id = await failed(house), await house.card()
    made = await asyncio.gather(
        *(retry(house, charge, card_id, idempotency_key="one") for _ in range(4)), return_exceptions=True
    )
    assert all(isinstance(each, Charge | ChargeNotRetryableError | PaymentPendingError) for each in made), made
    assert (await retry(house, charge, card_id, idempotency_key="one")).attempt_count == 2


async def test_attempts_come_to_an_end(house: PaymentsHarness) -> None:
    charge, card_id = await failed(house), await house.card(DECLINED_LATER)
    for _ in range(MAX_ATTEMPTS - 1):
        house.clock.advance(timedelta(days=1))  # quicker ones look like carding
        with pytest.raises(CardDeclinedError):
            await retry(house, charge, card_id)
    with pytest.raises(ChargeNotRetryableError):
        await retry(house, charge, card_id)


async def test_a_late_report_of_an_older_attempt_moves_nothing(house: PaymentsHarness) -> None:
    charge = await failed(house)
    old = await house.processor.find_payment(charge.attempt_id)
    assert old is not None
    paid = await retry(house, charge, await house.card())
    assert await house.settler.settle_payment(old, at=house.clock()) == paid
    assert (await house.reload(charge)).state is ChargeState.CAPTURED


async def test_a_report_of_an_unknown_payment_is_of_no_charge(house: PaymentsHarness) -> None:
    report = await house.processor.get_payment((await house.charge(await house.card())).payment_id)
    unknown = replace(report, key="att_none", payment_id="simpay_none")
    assert await house.settler.settle_payment(unknown, at=house.clock()) is None


@pytest.mark.parametrize("number", [SILENT_ONCE, UNREACHABLE_ONCE])
async def test_an_unknown_outcome_is_looked_up_before_it_is_asked_again(house: PaymentsHarness, number: str) -> None:
    with pytest.raises(PaymentPendingError):
        await house.charge(await house.card(number))
    assert await house.operator.reconcile_due(at=house.clock.advance(RECONCILE_AFTER)) == 1
    [charge] = await house.charge_service.list_by_account(ADA, after=None, limit=2)
    assert charge.state is ChargeState.CAPTURED


async def test_a_second_order_of_the_same_card_and_amount_is_asked_about(house: PaymentsHarness) -> None:
    card_id = await house.card(SILENT_ONCE)
    with pytest.raises(PaymentPendingError):
        await house.charge(card_id, allow_duplicate=False)
    [pending] = await house.charge_service.list_by_account(ADA, after=None, limit=2)
    with pytest.raises(DuplicateOrderError, match=pending.charge_id):
        await house.charge(card_id, allow_duplicate=False)
    with pytest.raises(PaymentPendingError):
        await house.charge(card_id, allow_duplicate=False, amount=4_000)
    with pytest.raises(PaymentPendingError):
        await house.charge(card_id, allow_duplicate=True)
    await house.operator.reconcile_due(at=house.clock.advance(RECONCILE_AFTER))
    with pytest.raises(PaymentPendingError):
        await house.charge(card_id, allow_duplicate=False)


async def test_two_orders_at_the_same_moment_are_one_and_a_question(house: PaymentsHarness) -> None:
    card_id = await house.card(SILENT_ONCE)
    made = await asyncio.gather(
        *(house.charge(card_id, allow_duplicate=False) for _ in range(6)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in made) == ["DuplicateOrderError"] * 5 + ["PaymentPendingError"]
    assert len(await house.charge_service.list_by_account(ADA, after=None, limit=9)) == 1


async def test_an_erasure_leaves_no_card_in_pending_orders(house: PaymentsHarness, planter: RawWriter) -> None:
    card_id = await house.card(SILENT_ONCE)
    with pytest.raises(PaymentPendingError):
        await house.charge(card_id, allow_duplicate=False)
    await house.account_eraser.erase(ADA, at=house.clock())
    for collection in ("charges", "charge_attempts", "pending_orders"):
        assert card_id not in str(await planter.read_raw(house.database, collection)), collection
    assert await house.operator.reconcile_due(at=house.clock.advance(RECONCILE_AFTER)) == 1


@pytest.mark.parametrize(
    ("currency", "amount", "refusal"),
    [
        ("CLF", 100, UnsupportedCurrencyError),
        ("XXX", 100, UnsupportedCurrencyError),
        ("BHD", 1_234, UnsupportedAmountError),
        ("MGA", 550, UnsupportedAmountError),
        ("ISK", 1_000_000, UnsupportedAmountError),
    ],
)
async def test_an_amount_that_the_processor_cannot_take_is_refused_before_anything_is_stored(
    house: PaymentsHarness, currency: str, amount: int, refusal: type[Exception]
) -> None:
    card_id = await house.card()
    with pytest.raises(refusal):
        await house.charge(card_id, amount=amount, currency=currency)
    assert await house.charge_service.list_by_account(ADA, after=None, limit=1) == []


@pytest.mark.parametrize("currency", ["JPY", "ISK", "UGX", "MGA", "KWD"])
async def test_amounts_are_in_the_minor_units_of_iso_everywhere(house: PaymentsHarness, currency: str) -> None:
    charge = await house.charge(await house.card(), amount=5_000, currency=currency)
    assert (charge.state, charge.amount_captured) == (ChargeState.CAPTURED, 5_000)
    report = await house.processor.get_payment(charge.payment_id)
    assert (report.price, report.amount_captured) == (charge.price, 5_000)


class ClosedProcessor(SimulatedProcessor):
    """Is not asked: its circuit is open."""

    retry_after = 7


async def test_nothing_is_stored_while_the_processor_is_not_asked(house: PaymentsHarness) -> None:
    card_id = await house.card()
    closed = PaymentsHarness(house.database, house.clock, ClosedProcessor())
    with pytest.raises(ProcessorUnavailableError) as refused:
        await closed.charge(card_id)
    assert refused.value.retry_after == 7
    assert await house.charge_service.list_by_account(ADA, after=None, limit=1) == []


async def test_a_charge_of_another_account_is_not_found(house: PaymentsHarness) -> None:
    charge = await failed(house)
    with pytest.raises(ChargeNotFoundError):
        await house.charge_service.get_current(BOB, charge.charge_id, at=house.clock())
    with pytest.raises(ChargeNotFoundError):
        await house.charge_service.create_attempt(BOB, charge.charge_id, "tok", idempotency_key="x", at=house.clock())
    with pytest.raises(ChargeNotFoundError):
        await house.charge_service.capture("chg_none", None, at=house.clock())


def test_every_outcome_has_a_series_from_the_start() -> None:
    text = render_metrics()[0].decode()
    names = set(re.findall(r'^candor_payments_charges_total\{outcome="(\w+)"', text, flags=re.MULTILINE))
    assert names == {
        *("authorized", "conflicted", "declined", "expired", "requires_action", "succeeded", "timeout", "voided")
    }
