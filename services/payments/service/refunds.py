"""Refunds of charges: the amount is reserved first, so that refunds never exceed their charge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from services.payments.domain import Charge, Money, Refund, RefundState, ReportedRefundStatus, idempotency_marks
from services.payments.errors import ChargeNotFoundError, RefundExceedsChargeError
from services.payments.ports import ProcessorRejectedError, ProcessorTimeoutError
from services.payments.service.payment import PaymentService, ProcessorOutcome, outcome_counter
from services.payments.store import Charges, Refunds
from shared import observe
from shared.contracts import payments_v1

_STATES = {
    ProcessorOutcome.SUCCEEDED: RefundState.SUCCEEDED,
    ProcessorOutcome.DECLINED: RefundState.DECLINED,
}
_OUTCOMES = {state: outcome for outcome, state in _STATES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundService(PaymentService[Refund]):
    """Creates and reconciles refunds; needs the charge only, so a deleted card can be refunded too."""

    kind: ClassVar[str] = "refund"
    outcomes: ClassVar[observe.Counter] = outcome_counter(
        "candor_payments_refunds_total", "Refunds by the answer of the processor; a timeout is asked again."
    )

    charges: Charges
    refunds: Refunds

    async def create(
        self, account_id: str, charge_id: str, amount: int, *, idempotency_key: str, at: datetime
    ) -> tuple[Refund, Charge]:
        """Refund *amount* once for each *idempotency_key*; return the refund and the charge after it."""
        charge = await self._get_charge(account_id, charge_id)
        refund = await self._execute(
            lambda: self._create_pending(charge, amount, idempotency_key, at), idempotency_key=idempotency_key, at=at
        )
        return refund, await self._get_charge(account_id, charge_id)

    async def list_by_charge(self, account_id: str, charge_id: str, *, after: str | None, limit: int) -> list[Refund]:
        """Return up to *limit* refunds of a charge of this account, newest first, after the position *after*."""
        await self._get_charge(account_id, charge_id)
        return await self.refunds.list_by_charge(charge_id, after=after, limit=limit)

    async def _get_charge(self, account_id: str, charge_id: str) -> Charge:
        charge = await self.charges.get(account_id, charge_id)
        if charge is None:
            raise ChargeNotFoundError
        return charge

    async def _create_pending(self, charge: Charge, amount: int, idempotency_key: str, at: datetime) -> Refund:
        refund = Refund(
            refund_id=self.new_id("ref"),
            charge_id=charge.charge_id,
            account_id=charge.account_id,
            price=Money(amount=amount, currency=charge.price.currency),
            state=RefundState.PENDING,
            created_at=at,
        )
        mark, _ = idempotency_marks(idempotency_key, at)

        async def write() -> None:
            await self.refunds.add(refund, mark=mark, retry_at=at + self.reconcile_after)
            if not await self.charges.reserve_refund(charge, amount):
                raise RefundExceedsChargeError

        await self.transact(write)
        return refund

    def _get_ids(self, payment: Refund) -> Mapping[str, str]:
        return {"refund_id": payment.refund_id, "charge_id": payment.charge_id}

    def _get_outcome(self, payment: Refund) -> ProcessorOutcome | None:
        return _OUTCOMES.get(payment.state)

    def _with_outcome(self, payment: Refund, outcome: ProcessorOutcome) -> Refund:
        return replace(payment, state=_STATES[outcome])

    async def _find_earlier(self, marks: Sequence[str], *, since: datetime) -> Refund | None:
        return await self.refunds.find_by_mark(marks, since=since)

    async def _list_pending(self, *, at: datetime, limit: int) -> list[Refund]:
        return await self.refunds.list_pending(at=at, limit=limit)

    async def _schedule_retry(self, payment: Refund, at: datetime) -> None:
        await self.refunds.schedule_retry(payment.refund_id, at)

    async def _ask_processor(self, payment: Refund) -> ProcessorOutcome:
        charge = await self.charges.find_by_id(payment.charge_id)
        if charge is None:
            raise ChargeNotFoundError
        try:
            report = await self.processor.refund(charge.payment_id, payment.price, key=payment.refund_id)
        except ProcessorRejectedError:
            return ProcessorOutcome.DECLINED
        if report.status is ReportedRefundStatus.PENDING:
            raise ProcessorTimeoutError
        return ProcessorOutcome.DECLINED if report.status is ReportedRefundStatus.FAILED else ProcessorOutcome.SUCCEEDED

    async def _record_outcome(self, payment: Refund, outcome: ProcessorOutcome, at: datetime) -> bool:
        if not await self.refunds.complete(payment.refund_id, _STATES[outcome]):
            return False
        if outcome is ProcessorOutcome.DECLINED:
            await self.charges.release_refund(payment.charge_id, payment.price.amount)
            return True
        event = payments_v1.ChargeRefunded(
            refund_id=payment.refund_id,
            charge_id=payment.charge_id,
            account_id=payment.account_id,
            amount=payment.price.amount,
            currency=payment.price.currency,
        )
        event.refunded_at.FromDatetime(at)
        await self.outbox.put(event, subject=payment.account_id)
        return True
