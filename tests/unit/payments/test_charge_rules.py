"""How a report of the processor moves a charge: forward only, and conflicted where the figures differ."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from services.payments.domain import (
    CancelReason,
    Charge,
    ChargeOperation,
    ChargeState,
    DeclineReason,
    Money,
    ReportedPayment,
    ReportedStatus,
    apply_report,
)
from tests.support import NOON

PRICE = Money(amount=1_000, currency="USD")
PENDING = Charge(
    charge_id="chg_1",
    account_id="acc_ada",
    card_id="tok_1",
    price=PRICE,
    description="",
    attempt_id="att_1",
    created_at=NOON,
)
AUTHORIZED = replace(
    PENDING,
    state=ChargeState.AUTHORIZED,
    amount_authorized=1_000,
    payment_id="pay_1",
    operation=ChargeOperation.NONE,
    is_capture_automatic=False,
)
CAPTURED = replace(AUTHORIZED, state=ChargeState.CAPTURED, amount_captured=1_000, amount_refundable=1_000)


def report(status: str, **changed: Any) -> ReportedPayment:
    held = 1_000 if status in ("authorized", "captured") else 0
    return ReportedPayment(
        **{
            "payment_id": "pay_1",
            "key": "att_1",
            "status": ReportedStatus(status),
            "price": PRICE,
            "amount_authorized": held,
            "amount_captured": 1_000 if status == "captured" else 0,
            **changed,
        }
    )


def moved(charge: Charge, status: str, **changed: Any) -> Charge:
    after = apply_report(charge, report(status, **changed))
    assert after is not None
    return after


def test_a_captured_payment_can_be_refunded_in_full() -> None:
    after = moved(PENDING, "captured")
    assert (after.state, after.amount_captured, after.amount_refundable, after.amount_released) == (
        ChargeState.CAPTURED,
        1_000,
        1_000,
        0,
    )
    assert not after.is_open


def test_a_part_capture_releases_the_rest_and_only_the_part_can_be_refunded() -> None:
    asked = replace(AUTHORIZED, operation=ChargeOperation.CAPTURE, capture_amount=300)
    after = moved(asked, "captured", amount_captured=300)
    assert (after.state, after.amount_captured, after.amount_released, after.amount_refundable) == (
        ChargeState.PARTIALLY_CAPTURED,
        300,
        700,
        300,
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"price": Money(amount=100_000, currency="USD")},
        {"price": Money(amount=1_000, currency="EUR")},
        {"price": None},
        {"amount_captured": 999},
        {"amount_captured": 1_001},
    ],
    ids=["another amount", "another currency", "no amount", "less captured", "more captured"],
)
def test_figures_that_were_not_asked_for_are_a_conflict(changed: dict[str, Any]) -> None:
    after = moved(PENDING, "captured", **changed)
    assert (after.state, after.amount_refundable) == (ChargeState.CONFLICTED, 0)


def test_less_authorized_than_asked_for_is_a_conflict() -> None:
    assert moved(PENDING, "authorized", amount_authorized=999).state is ChargeState.CONFLICTED


@pytest.mark.parametrize("status", ["authorized", "captured"])
def test_a_success_after_a_failure_is_a_conflict(status: str) -> None:
    failed = moved(PENDING, "failed", decline_reason=DeclineReason.LOST_CARD)
    assert moved(failed, status).state is ChargeState.CONFLICTED


def test_a_late_failure_does_not_unmake_a_payment() -> None:
    assert apply_report(CAPTURED, report("failed")) is None
    assert apply_report(CAPTURED, report("canceled")) is None
    assert apply_report(CAPTURED, report("authorized")) is None


def test_the_same_report_twice_moves_once() -> None:
    for status in ("authorized", "captured", "failed", "canceled", "requires_action", "processing"):
        once = moved(PENDING, status)
        assert apply_report(once, report(status)) is None, status


def test_an_authorization_that_was_not_captured_in_time_has_expired() -> None:
    after = moved(AUTHORIZED, "canceled", cancel_reason=CancelReason.EXPIRED)
    assert (after.state, after.amount_released) == (ChargeState.EXPIRED, 1_000)
    assert moved(AUTHORIZED, "canceled", cancel_reason=CancelReason.REQUESTED).state is ChargeState.VOIDED


def test_an_authentication_that_is_given_up_fails_the_charge() -> None:
    waiting = moved(PENDING, "requires_action", action_url="https://bank.example")
    after = moved(waiting, "canceled")
    assert (after.state, after.decline_reason) == (ChargeState.FAILED, DeclineReason.AUTHENTICATION_ABANDONED)
    assert after.action_url == ""


def test_an_authorization_keeps_its_pending_capture_until_it_is_answered() -> None:
    asked = replace(AUTHORIZED, operation=ChargeOperation.CAPTURE, capture_amount=300)
    later = NOON + timedelta(days=7)
    after = moved(asked, "authorized", authorized_until=later)
    assert (after.operation, after.authorized_until) == (ChargeOperation.CAPTURE, later)


def test_whatever_the_order_of_reports_money_is_never_counted_twice() -> None:
    statuses = ("processing", "requires_action", "authorized", "captured", "failed", "canceled")
    for order in product(statuses, repeat=4):
        charge = PENDING
        for status in order:
            after = apply_report(charge, report(status))
            charge = after or charge
        assert charge.amount_captured + charge.amount_released <= 1_000, order
        assert charge.amount_refundable == charge.amount_captured, order


def test_a_thief_is_not_told_that_the_card_was_reported() -> None:
    told = {reason.shown for reason in DeclineReason}
    assert not told & {DeclineReason.LOST_CARD, DeclineReason.STOLEN_CARD, DeclineReason.FRAUDULENT}
    assert DeclineReason.INSUFFICIENT_FUNDS in told
    assert DeclineReason.from_processor("a reason of next year") is DeclineReason.GENERIC_DECLINE
    assert DeclineReason.from_processor(None) is DeclineReason.GENERIC_DECLINE
