"""Asks the processor for what is pending of a charge: to authorize, capture or void it, or how it stands."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from services.payments.domain import (
    ACTION_TTL,
    Attempt,
    Charge,
    ChargeOperation,
    ChargeState,
    DeclineReason,
    Money,
    ReportedPayment,
    ReportedStatus,
)
from services.payments.domain.retries import KEY_LIFETIME
from services.payments.errors import PaymentPendingError
from services.payments.ports import (
    PaymentOrder,
    Processor,
    ProcessorClosedError,
    ProcessorRejectedError,
    ProcessorTimeoutError,
)
from services.payments.service.settlement import ChargeSettler
from services.payments.store import Attempts, Charges
from shared import observe

log = observe.get_logger(__name__)

BATCH_SIZE = 200
RETRY_AFTER_SECONDS = 30
_CHANGES = (ChargeOperation.CAPTURE, ChargeOperation.VOID)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeOperator:
    """Runs the pending operations of charges. Each has one key at the processor, so running it twice is harmless."""

    processor: Processor
    charges: Charges
    attempts: Attempts
    settler: ChargeSettler
    build_return_url: Callable[[str], str]
    """Where the bank's page sends a customer after the authentication of a charge."""

    async def run(self, charge: Charge, *, at: datetime) -> Charge:
        """Ask the processor and settle what it reports; raises PaymentPendingError when it does not answer."""
        attempt = await self.attempts.get(charge.attempt_id)
        assert attempt is not None, charge.attempt_id  # written in the transaction of the charge
        if not attempt.processor_ref and charge.operation is ChargeOperation.AUTHORIZE:
            return await self._reload(charge)  # another process has ended the attempt in between
        try:
            report = await self._ask(charge, attempt, at)
        except (ProcessorTimeoutError, ProcessorClosedError):
            await self.charges.schedule_check(charge.charge_id, self.settler.next_retry_at(charge, at))
            self.settler.outcomes.labels("timeout").inc()
            log.warning("payment.timeout", kind="charge", charge_id=charge.charge_id)
            raise PaymentPendingError(
                f"charge {charge.charge_id} is pending", retry_after=RETRY_AFTER_SECONDS
            ) from None
        if charge.operation in _CHANGES and report.status.value == charge.state.value:
            return await self._cancel_operation(charge, at)
        return await self.settler.settle_charge(charge, report, at=at)

    async def _reload(self, charge: Charge) -> Charge:
        found = await self.charges.find_by_id(charge.charge_id)
        assert found is not None, charge.charge_id  # charges are never deleted
        return found

    async def _cancel_operation(self, charge: Charge, at: datetime) -> Charge:
        """The processor refused the operation and nothing has changed: the charge is as it was before."""
        idle = replace(charge, operation=ChargeOperation.NONE, capture_amount=0)
        await self.charges.cancel_operation(charge, check_at=self.settler.next_check_at(idle, at))
        log.warning("payment.refused", kind="charge", operation=charge.operation.value, charge_id=charge.charge_id)
        return idle

    async def reconcile_due(self, *, at: datetime) -> int:
        """Check the open charges that are due; return how many have ended."""
        ended = 0
        for charge in await self.charges.list_due(at=at, limit=BATCH_SIZE):
            try:
                checked = await self._check(charge, at)
            except PaymentPendingError:
                continue
            ended += not checked.is_open
        return ended

    async def _check(self, charge: Charge, at: datetime) -> Charge:
        if await self._is_abandoned(charge, at):
            await self.charges.start_operation(charge, ChargeOperation.VOID, check_at=at + self.settler.retries.first)
            charge = await self._reload(charge)
        checked = await self.run(charge, at=at)
        if checked.is_open:
            await self.charges.schedule_check(charge.charge_id, self.settler.next_retry_at(checked, at))
        return checked

    async def _is_abandoned(self, charge: Charge, at: datetime) -> bool:
        """Return whether the customer has not authenticated in time."""
        if charge.state is not ChargeState.REQUIRES_ACTION or charge.operation is not ChargeOperation.NONE:
            return False
        attempt = await self.attempts.get(charge.attempt_id)
        return attempt is not None and attempt.created_at + ACTION_TTL <= at

    async def _ask(self, charge: Charge, attempt: Attempt, at: datetime) -> ReportedPayment:
        match charge.operation:
            case ChargeOperation.NONE:
                return await self.processor.get_payment(charge.payment_id)
            case ChargeOperation.AUTHORIZE:
                return await self._authorize(charge, attempt, at)
            case ChargeOperation.CAPTURE | ChargeOperation.VOID:
                return await self._change(charge)

    async def _authorize(self, charge: Charge, attempt: Attempt, at: datetime) -> ReportedPayment:
        if at - attempt.created_at >= KEY_LIFETIME:
            return await self._find(attempt)
        order = PaymentOrder(
            charge_id=charge.charge_id,
            reference=attempt.processor_ref,
            price=charge.price,
            is_capture_automatic=charge.is_capture_automatic,
            return_url=self.build_return_url(charge.charge_id),
        )
        if charge.check_count and (found := await self.processor.find_payment(attempt.attempt_id)):
            return found  # a processor forgets keys after a day, and repeats a fault of its own under the same key
        try:
            return await self.processor.authorize(order, key=attempt.attempt_id)
        except ProcessorRejectedError as fault:
            if fault.is_key_reused:
                raise ProcessorTimeoutError from None  # an earlier call was executed: its outcome is not known here
            return ReportedPayment(
                payment_id="",
                key=attempt.attempt_id,
                status=ReportedStatus.FAILED,
                price=charge.price,
                decline_reason=DeclineReason.from_processor(fault.code),
            )

    async def _find(self, attempt: Attempt) -> ReportedPayment:
        """Look an old attempt up: its key may be forgotten, and asking again might charge twice."""
        report = await self.processor.find_payment(attempt.attempt_id)
        if report is None:
            raise ProcessorTimeoutError
        return report

    async def _change(self, charge: Charge) -> ReportedPayment:
        """Capture or void; when the processor refuses, how the payment stands decides."""
        key = f"{charge.attempt_id}_{charge.operation}"
        try:
            if charge.operation is ChargeOperation.CAPTURE:
                price = Money(amount=charge.capture_amount, currency=charge.price.currency)
                return await self.processor.capture(charge.payment_id, price, key=key)
            return await self.processor.void_payment(charge.payment_id, key=key)
        except ProcessorRejectedError:
            return await self.processor.get_payment(charge.payment_id)
