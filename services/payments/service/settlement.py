"""The one way by which a report of the processor moves a charge: from a reply, an event, or the reconciliation."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.payments.domain import (
    Attempt,
    Charge,
    ChargeOperation,
    ChargeState,
    DeclineReason,
    ReportedPayment,
    ReportedStatus,
    apply_report,
)
from services.payments.domain.carding import CardAttempt
from services.payments.domain.conflicts import book_resolution
from services.payments.domain.figures import next_comparison
from services.payments.domain.journal import book_charge
from services.payments.domain.retries import RetrySchedule
from services.payments.errors import ChargeNotConflictedError
from services.payments.service.carding import CardingGuard, count_decline
from services.payments.store import Attempts, Charges, JournalEntries, PendingOrders
from shared import observe
from shared.bus import Outbox
from shared.contracts import payments_v1
from shared.mongo import Transact

log = observe.get_logger(__name__)

OUTCOMES = {
    ChargeState.AUTHORIZED: "authorized",
    ChargeState.CAPTURED: "succeeded",
    ChargeState.PARTIALLY_CAPTURED: "succeeded",
    ChargeState.REQUIRES_ACTION: "requires_action",
    ChargeState.VOIDED: "voided",
    ChargeState.EXPIRED: "expired",
    ChargeState.FAILED: "declined",
    ChargeState.CONFLICTED: "conflicted",
}
_MONEY_MOVED = (ReportedStatus.AUTHORIZED, ReportedStatus.CAPTURED)


def charge_counter() -> observe.Counter:
    """Return the counter of charges, with every outcome at 0: a rate misses the first increment of a new series."""
    counter = observe.counter(
        "candor_payments_charges_total",
        "Charges by what the processor reports; a timeout is asked again.",
        ("outcome",),
    )
    for outcome in sorted({*OUTCOMES.values(), "timeout"}):
        counter.labels(outcome)
    return counter


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeSettler:
    """Moves charges forward by what the processor reports; moving one twice has its effect once."""

    outcomes: ClassVar[observe.Counter] = charge_counter()

    charges: Charges
    attempts: Attempts
    orders: PendingOrders
    journal: JournalEntries
    carding: CardingGuard
    outbox: Outbox
    transact: Transact
    retries: RetrySchedule

    async def settle_charge(self, charge: Charge, report: ReportedPayment, *, at: datetime) -> Charge:
        """Move *charge* by a report of its current attempt; return it as it is stored afterwards."""
        moved = apply_report(charge, report)
        if moved is None:
            return charge
        if not await self.transact(lambda: self._record(charge, moved, report, at)):
            return await self._settle_again(charge, report, at)
        if moved.state is not charge.state:
            # Only the process that moved the charge counts it: two at once would count one charge twice.
            outcome = OUTCOMES[moved.state]
            self.outcomes.labels(outcome).inc()
            if moved.state is ChargeState.FAILED:
                await self._count_decline(moved, at)
            log.info("payment.completed", kind="charge", outcome=outcome, charge_id=charge.charge_id)
        return moved

    async def _count_decline(self, charge: Charge, at: datetime) -> None:
        """Count a decline, also one that was learned later: from an event, the return page or the reconciliation."""
        count_decline(charge.decline_reason or DeclineReason.GENERIC_DECLINE)
        if charge.account_id:  # after an erasure no account can go on
            attempt = CardAttempt(account_id=charge.account_id, address="")
            await self.carding.record_decline(attempt, decline_id=charge.attempt_id, at=at)

    async def settle_payment(self, report: ReportedPayment, *, at: datetime) -> Charge | None:
        """Move the charge that *report* belongs to; None when the payment is of no known attempt."""
        attempt = await self.attempts.get(report.key) if report.key else None
        attempt = attempt or await self.attempts.find_by_payment(report.payment_id)
        charge = await self.charges.find_by_id(attempt.charge_id) if attempt else None
        if attempt is None or charge is None:
            return None
        if charge.attempt_id != attempt.attempt_id:
            self._warn_of_late_success(attempt, report)
            return charge
        return await self.settle_charge(charge, report, at=at)

    async def _settle_again(self, charge: Charge, report: ReportedPayment, at: datetime) -> Charge:
        """Another process moved the charge in between: apply the report to what it left."""
        current = await self.charges.find_by_id(charge.charge_id)
        assert current is not None, charge.charge_id  # charges are never deleted
        return current if current == charge else await self.settle_charge(current, report, at=at)

    async def _record(self, old: Charge, new: Charge, report: ReportedPayment, at: datetime) -> bool:
        is_captured = new.amount_captured > old.amount_captured
        compare_at = next_comparison(new.created_at, 0) if is_captured else None
        check_at = self.next_check_at(new, at)
        if not await self.charges.settle_charge(old, new, check_at=check_at, compare_at=compare_at):
            return False
        await self.journal.add(book_charge(old, new, at=at))
        await self.attempts.settle_attempt(new, reported=None if report.price == new.price else report.price)
        if new.state not in (ChargeState.PENDING, ChargeState.REQUIRES_ACTION):
            await self.orders.delete([new.charge_id])
        if is_captured:
            await self._publish_capture(new, at)
        return True

    async def record_resolution(self, old: Charge, new: Charge, *, resolution_id: str, at: datetime) -> None:
        """Store, in the ambient transaction, the figures that staff accepted; raises ChargeNotConflictedError."""
        check_at = self.next_check_at(new, at) if new.is_open else None
        if not await self.charges.resolve_conflict(old, new, check_at=check_at):
            raise ChargeNotConflictedError
        await self.journal.add(book_resolution(old, new, resolution_id=resolution_id, at=at))
        await self.attempts.settle_attempt(new, reported=None)
        await self.orders.delete([new.charge_id])
        if new.amount_captured > old.amount_captured:
            await self._publish_capture(new, at)

    def next_check_at(self, charge: Charge, at: datetime) -> datetime | None:
        """Return when an open charge is checked after it moved: an authorization when it ends, all else soon."""
        if charge.state is ChargeState.AUTHORIZED and charge.authorized_until is not None:
            return max(charge.authorized_until, at) + self.retries.first
        return at + self.retries.first

    def next_retry_at(self, charge: Charge, at: datetime) -> datetime | None:
        """Return when a charge that did not move is checked again; None, with an alarm, at the end of the schedule.

        While the customer may authenticate it is checked often, and then voided.
        """
        if charge.operation is ChargeOperation.NONE:
            return self.next_check_at(charge, at)
        retry_at = self.retries.next_retry(charge.check_count + 1, at)
        if retry_at is None:
            log.error("payment.unresolved", kind="charge", charge_id=charge.charge_id)
        return retry_at

    async def _publish_capture(self, charge: Charge, at: datetime) -> None:
        event = payments_v1.ChargeCaptured(
            charge_id=charge.charge_id,
            account_id=charge.account_id,
            amount=charge.amount_captured,
            currency=charge.price.currency,
        )
        event.captured_at.FromDatetime(at)
        await self.outbox.put(event, subject=charge.account_id)

    def _warn_of_late_success(self, attempt: Attempt, report: ReportedPayment) -> None:
        """An attempt that ended must not hold money: another attempt followed it."""
        if report.status in _MONEY_MOVED:
            self.outcomes.labels("conflicted").inc()
            log.error("payment.late_success", charge_id=attempt.charge_id, attempt_id=attempt.attempt_id)
