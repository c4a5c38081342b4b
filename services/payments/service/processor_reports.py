"""Reads an object of the processor again and applies it: the one path of webhooks and of the reconciliation.

The body of an event is a hint. What counts is what the processor says when it is asked now.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from services.payments.domain import Charge, Refund, RefundKind, RefundState, ReportedPayment, ReportedRefund
from services.payments.domain.refunds import PROCESSOR
from services.payments.ports import Processor
from services.payments.service.disputes import DisputeSettler
from services.payments.service.refunds import RefundSettler
from services.payments.service.settlement import ChargeSettler
from services.payments.store import Attempts, Charges, Refunds
from shared import observe
from shared.ids import NewId
from shared.mongo import DuplicateError, Transact

log = observe.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorReports:
    """Applies reports; each method returns False when the object belongs to no charge that is known here."""

    processor: Processor
    charges: Charges
    attempts: Attempts
    refunds: Refunds
    charge_settler: ChargeSettler
    refund_settler: RefundSettler
    dispute_settler: DisputeSettler
    transact: Transact
    new_id: NewId

    async def settle_payment(self, payment_id: str, *, at: datetime) -> bool:
        """Apply a payment with its refunds and its dispute."""
        return await self.apply_payment(await self.processor.get_payment(payment_id), at=at)

    async def settle_refund(self, refund_id: str, *, at: datetime) -> bool:
        """Apply a refund; one that was made at the processor itself is adopted."""
        report = await self.processor.get_refund(refund_id)
        refund = await self._find_refund(report)
        if refund is None:
            return await self.settle_payment(report.payment_id, at=at)
        await self.refund_settler.settle_refund(refund, report, at=at)
        return True

    async def settle_dispute(self, dispute_id: str, *, at: datetime) -> bool:
        """Apply a dispute."""
        report = await self.processor.get_dispute(dispute_id)
        attempt = await self.attempts.find_by_payment(report.payment_id)
        charge = await self.charges.find_by_id(attempt.charge_id) if attempt else None
        if charge is None:
            return False
        await self.dispute_settler.settle_dispute(charge, report, at=at)
        return True

    async def apply_payment(self, report: ReportedPayment, *, at: datetime) -> bool:
        """Apply a payment that was read just now, with its refunds and its dispute."""
        charge = await self.charge_settler.settle_payment(report, at=at)
        if charge is None:
            return False
        for refund_report in report.refunds:
            refund = await self._find_refund(refund_report) or await self._adopt(charge, refund_report, at)
            if refund is not None:
                await self.refund_settler.settle_refund(refund, refund_report, at=at)
        if report.dispute is not None:
            await self.dispute_settler.settle_dispute(charge, report.dispute, at=at)
        return True

    async def _find_refund(self, report: ReportedRefund) -> Refund | None:
        if report.key and (found := await self.refunds.get(report.key)) is not None:
            return found
        return await self.refunds.find_by_processor_id(report.refund_id)

    async def _adopt(self, charge: Charge, report: ReportedRefund, at: datetime) -> Refund | None:
        """Store a refund that was made at the processor: the money has moved, so nothing is asked or refused."""
        price = report.price
        if price is None or price.currency != charge.price.currency:
            log.error("refund.conflicted", charge_id=charge.charge_id)
            return None
        refund = Refund(
            refund_id=self.new_id("ref"),
            charge_id=charge.charge_id,
            account_id=charge.account_id,
            payment_id=charge.payment_id,
            kind=RefundKind.REFUND,
            price=price,
            reason="Made at the card processor.",
            state=RefundState.PENDING,
            requested_by=PROCESSOR,
            processor_id=report.refund_id,
            created_at=at,
        )

        async def write() -> None:
            await self.refunds.add(refund, mark=f"processor {report.refund_id}", retry_at=at)
            await self.charges.record_refund(charge.charge_id, price.amount)

        with suppress(DuplicateError):
            await self.transact(write)
            log.warning("refund.adopted", refund_id=refund.refund_id, charge_id=charge.charge_id)
        return await self.refunds.find_by_processor_id(report.refund_id)
