"""The one path on which the processor's report of a refund moves it: answer, webhook and reconciliation use it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from services.payments.domain import Refund, RefundKind, RefundState, ReportedRefund, ReportedRefundStatus
from services.payments.domain.journal import EntryKind, build_entry
from services.payments.store import Charges, JournalEntries, Refunds
from shared import observe
from shared.bus import Outbox
from shared.contracts import payments_v1
from shared.mongo import Transact

log = observe.get_logger(__name__)

_STATES = {
    ReportedRefundStatus.PENDING: RefundState.PENDING,
    ReportedRefundStatus.SUCCEEDED: RefundState.SUCCEEDED,
    ReportedRefundStatus.FAILED: RefundState.FAILED,
}
_FORWARD = {
    (RefundState.PENDING, RefundState.SUCCEEDED),
    (RefundState.PENDING, RefundState.FAILED),
    (RefundState.SUCCEEDED, RefundState.FAILED),
}
"""The moves that a report can make; a bank may return a refund days after it had succeeded."""
_BOOKED = {RefundKind.REFUND: EntryKind.REFUND, RefundKind.CREDIT: EntryKind.CREDIT}
_REVERSED = {RefundKind.REFUND: EntryKind.REFUND_REVERSAL, RefundKind.CREDIT: EntryKind.CREDIT_REVERSAL}


def _outcome_counter() -> observe.Counter:
    counter = observe.counter(
        "candor_payments_refunds_total",
        "Refunds and credits by the report of the processor; returned: failed after it had succeeded.",
        ("kind", "outcome"),
    )
    for kind in RefundKind:
        for outcome in ("succeeded", "failed", "returned", "timeout"):
            counter.labels(kind.value, outcome)
    return counter


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSettler:
    """Applies reports to refunds, with the books and the events, in one transaction each."""

    outcomes: ClassVar[observe.Counter] = _outcome_counter()

    charges: Charges
    refunds: Refunds
    journal: JournalEntries
    outbox: Outbox
    transact: Transact

    async def settle_refund(self, refund: Refund, report: ReportedRefund, *, at: datetime) -> Refund:
        """Return *refund* as *report* leaves it. A report that moves nothing forward only adds what was not known."""
        if report.price != refund.price:
            log.error("refund.conflicted", refund_id=refund.refund_id, charge_id=refund.charge_id)
            return refund
        moved = replace(
            refund,
            state=_STATES[report.status],
            processor_id=report.refund_id,
            acquirer_reference=report.acquirer_reference or refund.acquirer_reference,
            failure_reason=report.failure_reason,
        )
        if (refund.state, moved.state) in _FORWARD:
            return await self._move(refund, replace(moved, completed_at=at), at)
        if refund.state is moved.state and moved != refund:
            await self.refunds.update_report(moved)
            return moved
        return refund

    async def fail_refund(self, refund: Refund, reason: str, *, at: datetime) -> Refund:
        """Return a pending refund that the processor refused as failed; nothing was done."""
        return await self._move(
            refund, replace(refund, state=RefundState.FAILED, failure_reason=reason, completed_at=at), at
        )

    def count_timeout(self, refund: Refund) -> None:
        """Count that the processor did not answer."""
        self.outcomes.labels(refund.kind.value, "timeout").inc()

    async def _move(self, old: Refund, new: Refund, at: datetime) -> Refund:
        async def write() -> bool:
            if not await self.refunds.complete(new, expect=old.state):
                return False
            await self._book(old, new, at)
            if new.state is RefundState.SUCCEEDED:
                await self._publish_refund(new, at)
            else:
                await self._publish_failure(new, at)
            return True

        if await self.transact(write):
            # Only the try that moved it counts it: webhook and answer often arrive together.
            outcome = "returned" if old.state is RefundState.SUCCEEDED else new.state.value
            self.outcomes.labels(new.kind.value, outcome).inc()
            log.info("refund.completed", refund_id=new.refund_id, charge_id=new.charge_id, outcome=outcome)
            return new
        return await self.refunds.get(old.refund_id) or new

    async def _book(self, old: Refund, new: Refund, at: datetime) -> None:
        if new.state is RefundState.FAILED:
            await self.charges.release_refund(new.charge_id, new.price.amount)
        if new.state is RefundState.SUCCEEDED:
            kind = _BOOKED[new.kind]
        elif old.state is RefundState.SUCCEEDED:
            kind = _REVERSED[new.kind]
        else:
            return
        entry = build_entry(
            kind,
            charge_id=new.charge_id,
            source_id=new.refund_id,
            price=new.price,
            at=at,
        )
        await self.journal.add([entry])

    async def _publish_refund(self, refund: Refund, at: datetime) -> None:
        refunded = payments_v1.ChargeRefunded(
            refund_id=refund.refund_id,
            charge_id=refund.charge_id,
            account_id=refund.account_id,
            amount=refund.price.amount,
            currency=refund.price.currency,
            kind=refund.kind.value,
        )
        refunded.refunded_at.FromDatetime(at)
        await self.outbox.put(refunded, subject=refund.account_id)

    async def _publish_failure(self, refund: Refund, at: datetime) -> None:
        failed = payments_v1.RefundFailed(
            refund_id=refund.refund_id,
            charge_id=refund.charge_id,
            account_id=refund.account_id,
            amount=refund.price.amount,
            currency=refund.price.currency,
            kind=refund.kind.value,
        )
        failed.failed_at.FromDatetime(at)
        await self.outbox.put(failed, subject=refund.account_id)
