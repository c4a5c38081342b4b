"""Rows of the simulator's books as reports."""

from collections.abc import Sequence
from datetime import datetime

from services.payments.domain import (
    CancelReason,
    DeclineReason,
    Money,
    ReportedDispute,
    ReportedPayment,
    ReportedRefund,
    ReportedRefundStatus,
    ReportedStatus,
    from_processor_amount,
)
from services.payments.ports.simulator.behaviours import Behaviour
from services.payments.ports.simulator.books import Row


def report_payment(row: Row, refunds: Sequence[Row], dispute: Row | None, *, action_url: str) -> ReportedPayment:
    """Return a payment as it is reported; a card that lies changes its amount or currency."""
    status = ReportedStatus(row["status"])
    lies = row["behaviour"] == Behaviour.OTHER_AMOUNT
    return ReportedPayment(
        payment_id=row["id"],
        key=row["key"],
        status=status,
        price=_price(row["amount"] * 100 if lies else row["amount"], row),
        amount_authorized=_minor(row["authorized"], row),
        amount_captured=_minor(row["captured"], row),
        amount_refunded=_minor(sum(each["amount"] for each in refunds if each["status"] != "failed"), row),
        decline_reason=DeclineReason.from_processor(row["decline"]) if row["decline"] else None,
        cancel_reason=CancelReason(row["cancel"]) if row["cancel"] else None,
        action_url=action_url if status is ReportedStatus.REQUIRES_ACTION else "",
        authorized_until=datetime.fromisoformat(row["authorized_until"]) if row["authorized_until"] else None,
        dispute=report_dispute(dispute, row) if dispute else None,
        refunds=tuple(report_refund(each, row) for each in refunds),
    )


def report_refund(row: Row | None, payment: Row) -> ReportedRefund:
    """Return a refund as it is reported."""
    assert row is not None, "the refund was just written"
    status = ReportedRefundStatus(row["status"])
    return ReportedRefund(
        refund_id=row["id"],
        key=row["key"],
        payment_id=payment["id"],
        price=_price(row["amount"], payment),
        status=status,
        failure_reason=row["failure"] or "",
        acquirer_reference=f"arn_{row['id']}" if status is ReportedRefundStatus.SUCCEEDED else "",
    )


def report_dispute(row: Row, payment: Row) -> ReportedDispute:
    """Return a dispute as it is reported."""
    return ReportedDispute(
        dispute_id=row["id"],
        payment_id=payment["id"],
        status=row["status"],
        price=_price(row["amount"], payment),
        reason=row["reason"],
    )


def _price(amount: int, payment: Row) -> Money | None:
    currency = payment["currency"]
    if payment["behaviour"] == Behaviour.OTHER_CURRENCY:
        currency = "EUR" if currency != "EUR" else "USD"
    return from_processor_amount(amount, currency)


def _minor(amount: int, payment: Row) -> int:
    price = from_processor_amount(amount, payment["currency"])
    return price.amount if price else 0
