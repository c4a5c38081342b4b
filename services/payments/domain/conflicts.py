"""Conflicted charges: the processor reports other figures than were asked for, and two people decide what counts."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.payments.domain.charges import Charge, ChargeOperation, ChargeState
from services.payments.domain.declines import DeclineReason
from services.payments.domain.journal import EntryKind, JournalEntry, build_entry
from services.payments.domain.money import Money
from services.payments.domain.reports import CancelReason, ReportedPayment, ReportedStatus
from services.payments.errors import ChargeNotConflictedError, ConflictNotResolvableError


class ConflictOutcome(StrEnum):
    """What becomes of the money. In both cases the books take over the processor's figures."""

    ACCEPT = "accept"
    RETURN = "return"
    """What is authorized is voided, what is captured is refunded in full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorFigures:
    """What the processor says of a payment; the second person approves exactly this."""

    status: ReportedStatus
    price: Money
    amount_authorized: int
    amount_captured: int

    @classmethod
    def from_report(cls, report: ReportedPayment) -> "ProcessorFigures":
        """Return the figures; ConflictNotResolvableError while they are none, or not final."""
        if report.price is None or report.status in (ReportedStatus.PROCESSING, ReportedStatus.REQUIRES_ACTION):
            raise ConflictNotResolvableError
        return cls(
            status=report.status,
            price=report.price,
            amount_authorized=report.amount_authorized,
            amount_captured=report.amount_captured,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictResolution:
    """A proposal of one member of staff, which another one approves."""

    resolution_id: str
    charge_id: str
    outcome: ConflictOutcome
    reason: str
    figures: ProcessorFigures
    proposed_by: str
    approved_by: str = ""
    created_at: datetime
    completed_at: datetime | None = None


def accept_figures(charge: Charge, report: ReportedPayment) -> Charge:
    """Return *charge* with the processor's figures.

    Raises ChargeNotConflictedError, and ConflictNotResolvableError where the books have another currency already.
    """
    if charge.state is not ChargeState.CONFLICTED:
        raise ChargeNotConflictedError
    figures = ProcessorFigures.from_report(report)
    is_booked = charge.amount_authorized or charge.amount_captured
    if is_booked and figures.price.currency != charge.price.currency:
        raise ConflictNotResolvableError
    known = replace(charge, payment_id=report.payment_id, price=figures.price, operation=ChargeOperation.NONE)
    match figures.status:
        case ReportedStatus.AUTHORIZED:
            if charge.amount_captured:
                raise ConflictNotResolvableError  # captured money does not become a hold again
            return replace(
                known,
                state=ChargeState.AUTHORIZED,
                amount_authorized=figures.amount_authorized,
                amount_released=0,
                authorized_until=report.authorized_until,
                decline_reason=None,
            )
        case ReportedStatus.CAPTURED:
            return _accept_capture(known, figures.amount_captured)
        case _:
            return _accept_end(known, report)


def _accept_capture(charge: Charge, captured: int) -> Charge:
    change = captured - charge.amount_captured
    if charge.amount_refundable + change < 0:
        raise ConflictNotResolvableError  # more was refunded than the processor took
    return replace(
        charge,
        state=ChargeState.CAPTURED if captured == charge.price.amount else ChargeState.PARTIALLY_CAPTURED,
        amount_authorized=captured,
        amount_captured=captured,
        amount_released=0,
        amount_refundable=charge.amount_refundable + change,
        decline_reason=None,
    )


def _accept_end(charge: Charge, report: ReportedPayment) -> Charge:
    if charge.amount_captured:
        raise ConflictNotResolvableError
    if report.status is ReportedStatus.FAILED:
        state = ChargeState.FAILED
    else:
        state = ChargeState.EXPIRED if report.cancel_reason is CancelReason.EXPIRED else ChargeState.VOIDED
    return replace(
        charge,
        state=state,
        amount_released=charge.amount_authorized,
        decline_reason=(report.decline_reason or DeclineReason.GENERIC_DECLINE)
        if state is ChargeState.FAILED
        else None,
    )


def book_resolution(old: Charge, new: Charge, *, resolution_id: str, at: datetime) -> list[JournalEntry]:
    """Return the entries that bring the books to the figures of *new*: the hold, then what was captured."""
    held = {charge: charge.amount_authorized - charge.amount_captured - charge.amount_released for charge in (old, new)}
    moves = (
        (EntryKind.AUTHORIZATION, max(0, held[new] - held[old])),
        (EntryKind.RELEASE, max(0, held[old] - held[new])),
        (EntryKind.CORRECTION, new.amount_captured - old.amount_captured),
    )
    return [
        build_entry(
            kind,
            charge_id=new.charge_id,
            source_id=resolution_id,
            price=Money(amount=amount, currency=new.price.currency),
            at=at,
        )
        for kind, amount in moves
        if amount
    ]
