"""Refunds and credits: acts of staff that give money of a charge back to its card."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.payments.domain.charges import CAPTURED_STATES, REFUNDABLE_DISPUTES, Charge, ChargeState
from services.payments.domain.money import Money
from services.payments.errors import (
    ChargeConflictedError,
    ChargeDisputedError,
    ChargeNotRefundableError,
    RefundExceedsChargeError,
    RefundNotOpenError,
)
from shared.errors import FourEyesError

CUSTOMER = "customer"
"""Who requested a refund, when it was the owner of the charge; otherwise the id of a member of staff."""
PROCESSOR = "processor"
"""Who requested a refund that was made at the processor, past this platform."""
REQUEST_TTL = timedelta(days=30)
"""How long a request, or a first approval, waits for a decision: then it is started again or not at all."""
MAX_REFUNDS = 20
"""How many refunds and credits a charge has at most."""


class RefundKind(StrEnum):
    """A refund undoes a sale, in full or in part; a credit is goodwill, and the sale stays a sale."""

    REFUND = "refund"
    CREDIT = "credit"


class RefundState(StrEnum):
    """The state of a refund or credit."""

    REQUESTED = "requested"
    """Staff must decide, or a second person must approve."""
    PENDING = "pending"
    """The processor was asked, or is about to be; the amount is reserved."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """The processor declined it, or the bank returned it, perhaps days after it had succeeded."""
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    """The customer who asked for it asks no more."""
    EXPIRED = "expired"
    """Not decided within REQUEST_TTL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """A refund or credit of a charge."""

    refund_id: str
    charge_id: str
    account_id: str
    payment_id: str
    """The payment at the processor."""
    kind: RefundKind
    price: Money
    reason: str
    """Why, in the words of the one who requested it; the customer sees it."""
    state: RefundState
    requested_by: str
    approved_by: tuple[str, ...] = ()
    """The members of staff who approved it, in order."""
    rejection_reason: str = ""
    processor_id: str = ""
    acquirer_reference: str = ""
    """What the customer's bank finds it by (ARN)."""
    failure_reason: str = ""
    tries: int = 0
    """How often the processor was asked without an answer."""
    created_at: datetime
    completed_at: datetime | None = None

    @property
    def is_withdrawable(self) -> bool:
        """Whether the customer may withdraw it: their own request, not decided."""
        return self.state is RefundState.REQUESTED and self.requested_by == CUSTOMER

    def approve(self, *, by: str) -> "Refund":
        """Return it with one more approval; RefundNotOpenError, FourEyesError."""
        if self.state is not RefundState.REQUESTED:
            raise RefundNotOpenError
        if by in self.approved_by:
            raise FourEyesError
        return replace(self, approved_by=(*self.approved_by, by))


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundLimits:
    """Up to which total of a charge one person may decide alone, by currency; above, and in others, two must."""

    alone: Mapping[str, int]

    def max_alone(self, refund: Refund) -> int:
        """Return up to which total of its charge one person may decide."""
        return 0 if refund.kind is RefundKind.CREDIT else self.alone.get(refund.price.currency, 0)

    def approvals_needed(self, refund: Refund, *, refunded_before: int) -> int:
        """Return 1 or 2. Earlier refunds count, so that a large one cannot be split into small ones."""
        return 1 if refunded_before + refund.price.amount <= self.max_alone(refund) else 2


def check_refundable(charge: Charge, amount: int) -> None:
    """Raise the error that says why *amount* cannot be refunded; a part dispute leaves the rest refundable."""
    if charge.state is ChargeState.CONFLICTED:
        raise ChargeConflictedError
    if charge.state not in CAPTURED_STATES:
        raise ChargeNotRefundableError
    if amount > charge.amount_refundable:
        raise RefundExceedsChargeError if charge.dispute_state in REFUNDABLE_DISPUTES else ChargeDisputedError
