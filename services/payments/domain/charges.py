"""Charges and their attempts: states, amounts, and how a report of the processor moves them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.payments.domain.declines import DeclineReason
from services.payments.domain.money import Money
from services.payments.domain.reports import CancelReason, ReportedPayment, ReportedStatus

MAX_ATTEMPTS = 10
ACTION_TTL = timedelta(hours=1)
"""How long a customer may take to authenticate (3-D Secure); then the attempt is cancelled."""


class ChargeState(StrEnum):
    """The state of a charge and of an attempt; it moves forward only."""

    PENDING = "pending"
    """The processor was asked, or is about to be, and the outcome is unknown."""
    REQUIRES_ACTION = "requires_action"
    """The customer must authenticate at the bank (3-D Secure)."""
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    PARTIALLY_CAPTURED = "partially_captured"
    """A part was captured; the rest of the authorization was released."""
    VOIDED = "voided"
    EXPIRED = "expired"
    """The authorization was not captured in time."""
    FAILED = "failed"
    """Declined or abandoned; another attempt may follow."""
    CONFLICTED = "conflicted"
    """The processor reports another amount, currency or outcome than was asked for; a person must decide."""


_RANKS: Mapping[ChargeState, int] = {
    ChargeState.PENDING: 0,
    ChargeState.REQUIRES_ACTION: 1,
    ChargeState.AUTHORIZED: 2,
}
_FINAL_RANK = 3
CAPTURED_STATES = frozenset({ChargeState.CAPTURED, ChargeState.PARTIALLY_CAPTURED})
OPEN_STATES = frozenset(_RANKS)
"""The states that end: the reconciliation checks such a charge until it does."""


class DisputeState(StrEnum):
    """The state of a dispute; the names are Stripe's."""

    NONE = "none"
    WARNING_NEEDS_RESPONSE = "warning_needs_response"
    WARNING_UNDER_REVIEW = "warning_under_review"
    WARNING_CLOSED = "warning_closed"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"


REFUNDABLE_DISPUTES = frozenset(
    {
        DisputeState.NONE,
        DisputeState.WARNING_NEEDS_RESPONSE,
        DisputeState.WARNING_UNDER_REVIEW,
        DisputeState.WARNING_CLOSED,
        DisputeState.WON,
    }
)
"""An open or lost dispute has taken the amount already: a refund would pay it twice."""


class ChargeOperation(StrEnum):
    """What was asked of the processor and is not answered; stored before it is asked."""

    NONE = "none"
    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """An order to pay *price*, with one attempt at a time; the amounts are kept apart, in minor units."""

    charge_id: str
    account_id: str
    card_id: str
    price: Money
    description: str
    is_capture_automatic: bool = True
    state: ChargeState = ChargeState.PENDING
    amount_authorized: int = 0
    amount_captured: int = 0
    amount_released: int = 0
    amount_refunded: int = 0
    """Includes pending refunds."""
    amount_refundable: int = 0
    """Captured, less refunded, less disputed: what one conditional update takes a refund from."""
    dispute_state: DisputeState = DisputeState.NONE
    amount_disputed: int = 0
    decline_reason: DeclineReason | None = None
    action_url: str = ""
    authorized_until: datetime | None = None
    operation: ChargeOperation = ChargeOperation.AUTHORIZE
    capture_amount: int = 0
    """What the pending capture asks for."""
    attempt_id: str
    attempt_count: int = 1
    payment_id: str = ""
    """The processor's id of the payment of the current attempt."""
    check_count: int = 0
    """How often the processor was asked since the charge last moved."""
    created_at: datetime

    @property
    def is_open(self) -> bool:
        """Whether something is still to come: an answer, an authentication, a capture."""
        return self.state in OPEN_STATES or self.operation is not ChargeOperation.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to authorize a charge with a card; its id is the idempotency key at the processor."""

    attempt_id: str
    charge_id: str
    number: int
    mark: str
    """The request that began it."""
    card_id: str
    processor_ref: str
    """The processor's reference of the card; emptied when the attempt has ended."""
    state: ChargeState = ChargeState.PENDING
    payment_id: str = ""
    decline_reason: DeclineReason | None = None
    reported: Money | None = None
    """The processor's own figure, where it differs from the price."""
    created_at: datetime


def apply_report(charge: Charge, report: ReportedPayment) -> Charge | None:
    """Return *charge* as *report* leaves it; None when the report moves nothing forward.

    A report is what the processor says now. A success that follows a failure, and figures that were not asked for,
    make the charge conflicted.
    """
    moved = _move(charge, report)
    if moved is None or moved == charge or not _is_forward(charge.state, moved.state):
        return None
    return moved


def _is_forward(old: ChargeState, new: ChargeState) -> bool:
    if old is ChargeState.CONFLICTED:
        return False
    if old is new:
        return old in OPEN_STATES
    if new is ChargeState.CONFLICTED:
        return True
    return _RANKS.get(old, _FINAL_RANK) < _RANKS.get(new, _FINAL_RANK)


def _move(charge: Charge, report: ReportedPayment) -> Charge | None:
    known = replace(charge, payment_id=report.payment_id)
    if report.price != charge.price:
        return _conflict(known)
    if report.status in (ReportedStatus.PROCESSING, ReportedStatus.CANCELED):
        return known if report.status is ReportedStatus.PROCESSING else _cancel(known, report)
    return _advance(known, report)


def _advance(known: Charge, report: ReportedPayment) -> Charge | None:
    match report.status:
        case ReportedStatus.REQUIRES_ACTION:
            return replace(
                known,
                state=ChargeState.REQUIRES_ACTION,
                action_url=report.action_url,
                operation=ChargeOperation.NONE,
            )
        case ReportedStatus.AUTHORIZED:
            return _authorize(known, report)
        case ReportedStatus.CAPTURED:
            return _capture(known, report)
        case _:
            return _end(known, ChargeState.FAILED, report.decline_reason or DeclineReason.GENERIC_DECLINE)


def _authorize(charge: Charge, report: ReportedPayment) -> Charge:
    if report.amount_authorized != charge.price.amount or charge.state is ChargeState.FAILED:
        return _conflict(charge)
    if charge.state is ChargeState.AUTHORIZED:
        # A pending capture or void was not executed; it stays to be asked again.
        return replace(charge, authorized_until=report.authorized_until)
    return replace(
        charge,
        state=ChargeState.AUTHORIZED,
        amount_authorized=report.amount_authorized,
        authorized_until=report.authorized_until,
        action_url="",
        operation=ChargeOperation.NONE,
    )


def _capture(charge: Charge, report: ReportedPayment) -> Charge | None:
    if charge.state in CAPTURED_STATES:
        return None if report.amount_captured == charge.amount_captured else _conflict(charge)
    wanted = charge.capture_amount or charge.price.amount
    if report.amount_captured != wanted or charge.state not in OPEN_STATES:
        return _conflict(charge)
    return replace(
        charge,
        state=ChargeState.CAPTURED if wanted == charge.price.amount else ChargeState.PARTIALLY_CAPTURED,
        amount_authorized=charge.price.amount,
        amount_captured=wanted,
        amount_released=charge.price.amount - wanted,
        amount_refundable=wanted,
        action_url="",
        operation=ChargeOperation.NONE,
    )


def _cancel(charge: Charge, report: ReportedPayment) -> Charge:
    if charge.amount_authorized == 0:
        return _end(charge, ChargeState.FAILED, DeclineReason.AUTHENTICATION_ABANDONED)
    ended = ChargeState.EXPIRED if report.cancel_reason is CancelReason.EXPIRED else ChargeState.VOIDED
    return _end(charge, ended, None)


def _end(charge: Charge, state: ChargeState, reason: DeclineReason | None) -> Charge:
    return replace(
        charge,
        state=state,
        decline_reason=reason,
        amount_released=charge.amount_authorized,
        action_url="",
        operation=ChargeOperation.NONE,
    )


def _conflict(charge: Charge) -> Charge:
    return replace(charge, state=ChargeState.CONFLICTED, operation=ChargeOperation.NONE, action_url="")
