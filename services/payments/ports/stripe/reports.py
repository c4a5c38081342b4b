"""Stripe's objects as reports. KeyError, TypeError and ValueError mean an unreadable answer."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from services.payments.domain import (
    CancelReason,
    DeclineReason,
    Money,
    ReportedCard,
    ReportedDispute,
    ReportedPayment,
    ReportedRefund,
    ReportedRefundStatus,
    ReportedStatus,
    from_processor_amount,
)

JsonObject = Mapping[str, Any]

KEY_METADATA = "attempt_id"
"""The name under which our idempotency key stands in the metadata of a payment."""
REFUND_KEY_METADATA = "refund_id"

_STATUSES = {
    "requires_payment_method": ReportedStatus.FAILED,
    "requires_confirmation": ReportedStatus.PROCESSING,
    "requires_action": ReportedStatus.REQUIRES_ACTION,
    "processing": ReportedStatus.PROCESSING,
    "requires_capture": ReportedStatus.AUTHORIZED,
    "succeeded": ReportedStatus.CAPTURED,
    "canceled": ReportedStatus.CANCELED,
}
_EXPIRED = ("automatic", "expired")
_REFUND_STATUSES = {
    "pending": ReportedRefundStatus.PENDING,
    "requires_action": ReportedRefundStatus.PENDING,
    "succeeded": ReportedRefundStatus.SUCCEEDED,
    "failed": ReportedRefundStatus.FAILED,
    "canceled": ReportedRefundStatus.FAILED,
}


def report_payment(
    intent: JsonObject, *, refunds: Iterable[JsonObject] = (), dispute: JsonObject | None = None
) -> ReportedPayment:
    """Return a PaymentIntent as it is reported; an amount that is none of its currency makes the price None."""
    status = _STATUSES[intent["status"]]
    charge = intent.get("latest_charge")
    charge = charge if isinstance(charge, Mapping) else {}
    card = (charge.get("payment_method_details") or {}).get("card") or {}
    return ReportedPayment(
        payment_id=_text(intent["id"]),
        key=_text((intent.get("metadata") or {}).get(KEY_METADATA, "")),
        status=status,
        price=from_processor_amount(_whole(intent["amount"]), _text(intent["currency"])),
        amount_authorized=_minor(_amount_held(intent, status), intent),
        amount_captured=_minor(_whole(intent["amount_received"]), intent),
        amount_refunded=_minor(_whole(charge.get("amount_refunded", 0)), intent),
        decline_reason=decline_of(intent.get("last_payment_error") or {}) if status is ReportedStatus.FAILED else None,
        cancel_reason=_cancel_reason(intent) if status is ReportedStatus.CANCELED else None,
        action_url=_action_url(intent) if status is ReportedStatus.REQUIRES_ACTION else "",
        authorized_until=_time(card.get("capture_before")) if status is ReportedStatus.AUTHORIZED else None,
        dispute=report_dispute(dispute) if dispute else None,
        refunds=tuple(report_refund(each) for each in refunds),
    )


def report_refund(refund: JsonObject) -> ReportedRefund:
    """Return a Refund as it is reported."""
    destination = ((refund.get("destination_details") or {}).get("card")) or {}
    return ReportedRefund(
        refund_id=_text(refund["id"]),
        key=_text((refund.get("metadata") or {}).get(REFUND_KEY_METADATA, "")),
        payment_id=_id_of(refund.get("payment_intent")),
        price=_price(refund),
        status=_REFUND_STATUSES[refund["status"]],
        failure_reason=_text(refund.get("failure_reason") or ""),
        acquirer_reference=_text(destination.get("reference") or ""),
    )


def report_dispute(dispute: JsonObject) -> ReportedDispute:
    """Return a Dispute as it is reported."""
    return ReportedDispute(
        dispute_id=_text(dispute["id"]),
        payment_id=_id_of(dispute.get("payment_intent")),
        status=_text(dispute["status"]),
        price=_price(dispute),
        reason=_text(dispute["reason"]),
    )


def report_card(method: JsonObject, *, reference: str) -> ReportedCard:
    """Return a PaymentMethod as it is reported."""
    card = method["card"]
    return ReportedCard(
        reference=reference,
        last4=_text(card["last4"]),
        exp_month=_whole(card["exp_month"]),
        exp_year=_whole(card["exp_year"]),
        brand=_text(card["brand"]),
    )


def decline_of(error: JsonObject) -> DeclineReason:
    """Return the reason of a decline: the bank's decline code, or Stripe's own error code."""
    if error.get("code") == "payment_intent_authentication_failure":
        return DeclineReason.AUTHENTICATION_FAILED
    code = error.get("decline_code") or error.get("code")
    return DeclineReason.from_processor(code if isinstance(code, str) else None)


def _amount_held(intent: JsonObject, status: ReportedStatus) -> int:
    """Return what is or was authorized: Stripe reports the amount that can still be captured."""
    if status is ReportedStatus.AUTHORIZED:
        return _whole(intent["amount_capturable"])
    return _whole(intent["amount"]) if status is ReportedStatus.CAPTURED else 0


def _cancel_reason(intent: JsonObject) -> CancelReason:
    return CancelReason.EXPIRED if intent.get("cancellation_reason") in _EXPIRED else CancelReason.REQUESTED


def _action_url(intent: JsonObject) -> str:
    action = intent.get("next_action") or {}
    return _text((action.get("redirect_to_url") or {}).get("url") or "")


def _price(item: JsonObject) -> Money | None:
    return from_processor_amount(_whole(item["amount"]), _text(item["currency"]))


def _minor(amount: int, item: JsonObject) -> int:
    price = from_processor_amount(amount, _text(item["currency"]))
    return price.amount if price else 0


def _id_of(value: object) -> str:
    """Return the id of an object that may be expanded."""
    return _text(value["id"] if isinstance(value, Mapping) else value or "")


def _time(seconds: object) -> datetime | None:
    return datetime.fromtimestamp(_whole(seconds), UTC) if seconds is not None else None


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not a whole number")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
