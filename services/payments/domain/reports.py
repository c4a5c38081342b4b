"""What the processor reports of a card, a payment, a refund and a dispute, in our own units."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.payments.domain.declines import DeclineReason
from services.payments.domain.money import Money


class ReportedStatus(StrEnum):
    """The status of a payment at the processor."""

    PROCESSING = "processing"
    REQUIRES_ACTION = "requires_action"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    CANCELED = "canceled"
    FAILED = "failed"


class CancelReason(StrEnum):
    """Why the processor cancelled a payment."""

    REQUESTED = "requested"
    EXPIRED = "expired"


class ReportedRefundStatus(StrEnum):
    """The status of a refund at the processor; a refund that succeeded may fail days later."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedCard:
    """A card as the processor stores it."""

    reference: str
    last4: str
    exp_month: int
    exp_year: int
    brand: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedRefund:
    """A refund as the processor sees it."""

    refund_id: str
    key: str
    """The idempotency key that we made it with; empty when it was made at the processor itself."""
    payment_id: str
    price: Money | None
    """None when the figure is no amount of the currency."""
    status: ReportedRefundStatus
    failure_reason: str = ""
    acquirer_reference: str = ""
    """The acquirer reference number (ARN), which a bank finds the refund by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedDispute:
    """A dispute as the processor sees it; *status* has the names of DisputeState."""

    dispute_id: str
    payment_id: str
    status: str
    price: Money | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedPayment:
    """A payment as the processor sees it; the figures are the processor's own, not those that were sent."""

    payment_id: str
    key: str
    """The idempotency key that the payment was made with."""
    status: ReportedStatus
    price: Money | None
    """None when the figure is no amount of the currency."""
    amount_authorized: int = 0
    amount_captured: int = 0
    amount_refunded: int = 0
    decline_reason: DeclineReason | None = None
    cancel_reason: CancelReason | None = None
    action_url: str = ""
    authorized_until: datetime | None = None
    dispute: ReportedDispute | None = None
    refunds: tuple[ReportedRefund, ...] = ()
