"""Carries refunds and credits out at the processor, and asks again about those without an outcome."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from services.payments.domain import Refund, RefundState, ReportedRefund
from services.payments.domain.retries import KEY_LIFETIME, RetrySchedule
from services.payments.ports import Processor, ProcessorClosedError, ProcessorRejectedError, ProcessorTimeoutError
from services.payments.service.refunds.settlement import RefundSettler
from services.payments.store import Refunds
from shared import observe

log = observe.get_logger(__name__)

BATCH_SIZE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundExecutor:
    """Asks the processor under the id of the refund, which has its effect once however often it is asked."""

    processor: Processor
    refunds: Refunds
    settler: RefundSettler
    retries: RetrySchedule

    async def start(self, refund: Refund, *, at: datetime) -> Refund:
        """Ask for a refund that was just reserved; return it as it is then, pending when there was no answer."""
        return await self._run(refund, self._order, at)

    async def resume(self, refund: Refund, *, at: datetime) -> Refund:
        """Look a pending refund up, and ask for it when it was never made; any other is returned unchanged."""
        if refund.state is not RefundState.PENDING:
            return refund
        return await self._run(refund, lambda pending: self._find_or_order(pending, at), at)

    async def reconcile_due(self, *, at: datetime) -> int:
        """Ask again about the pending refunds that are due; return how many of them ended."""
        ended = 0
        for refund in await self.refunds.list_due(at=at, limit=BATCH_SIZE):
            resumed = await self.resume(refund, at=at)
            ended += resumed.state is not RefundState.PENDING
        return ended

    async def _run(
        self, refund: Refund, ask: Callable[[Refund], Awaitable[ReportedRefund | None]], at: datetime
    ) -> Refund:
        # Before it is asked: a refund that makes the worker fail must not keep it from the others.
        await self._schedule(refund, at)
        try:
            report = await ask(refund)
        except (ProcessorTimeoutError, ProcessorClosedError):
            self.settler.count_timeout(refund)
            report = None
        except ProcessorRejectedError as fault:
            if not fault.is_key_reused:
                return await self.settler.fail_refund(refund, fault.code, at=at)
            report = None  # an earlier call was executed; the look-up will find what became of it
        return refund if report is None else await self.settler.settle_refund(refund, report, at=at)

    async def _order(self, refund: Refund) -> ReportedRefund | None:
        return await self.processor.refund(refund.payment_id, refund.price, key=refund.refund_id)

    async def _find_or_order(self, refund: Refund, at: datetime) -> ReportedRefund | None:
        if refund.processor_id:
            return await self.processor.get_refund(refund.processor_id)
        payment = await self.processor.get_payment(refund.payment_id)
        for report in payment.refunds:
            if report.key == refund.refund_id:
                return report
        # Later the key may be forgotten, and asking would refund twice if only the look-up is behind.
        return await self._order(refund) if at - refund.created_at < KEY_LIFETIME else None

    async def _schedule(self, refund: Refund, at: datetime) -> None:
        tries = refund.tries + 1
        retry_at = self.retries.next_retry(tries, at)
        if retry_at is None:
            log.error("refund.unresolved", refund_id=refund.refund_id, charge_id=refund.charge_id)
        await self.refunds.schedule_retry(refund.refund_id, tries=tries, retry_at=retry_at)
