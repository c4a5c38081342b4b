"""Gives money back by token: set aside first, never more than is left, settled like a charge."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.payments.domain import IDEMPOTENCY_TTL, Charge, Money, Refund, RefundState, idempotency_marks
from services.payments.errors import (
    CardDeclinedError,
    ChargeNotFoundError,
    PaymentPendingError,
    RefundExceedsChargeError,
)
from services.payments.ports import Processor, ProcessorOutcome, ProcessorTimeoutError
from services.payments.service.charges import BATCH_SIZE
from services.payments.store import Charges, Refunds
from shared.bus import Outbox
from shared.contracts import payments_v1
from shared.ids import NewId
from shared.mongo import DuplicateError

Transact = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundService:
    """The refunds of all charges; works after the card is gone, too."""

    processor: Processor
    charges: Charges
    refunds: Refunds
    outbox: Outbox
    transact: Transact
    new_id: NewId
    reconcile_after: timedelta

    async def create(
        self, account_id: str, charge_id: str, amount: int, *, idempotency_key: str, at: datetime
    ) -> tuple[Refund, Charge]:
        """Give *amount* back once for each *operation*; return the refund and the charge as it is then."""
        charge = await self._get_charge(account_id, charge_id)
        refund = await self._find_earlier(idempotency_key, at) or await self._create_pending(
            charge, amount, idempotency_key, at
        )
        if refund.state is RefundState.DECLINED:
            raise CardDeclinedError
        if refund.state is RefundState.PENDING:
            refund = await self._complete(refund, at)
        return refund, await self._get_charge(account_id, charge_id)

    async def reconcile_pending(self, *, at: datetime) -> int:
        """Ask again about the refunds whose outcome is unknown; return how many were settled."""
        settled = 0
        for refund in await self.refunds.list_pending(at=at, limit=BATCH_SIZE):
            try:
                await self._complete(refund, at)
            except PaymentPendingError:
                continue
            except CardDeclinedError:
                settled += 1
            else:
                settled += 1
        return settled

    async def _get_charge(self, account_id: str, charge_id: str) -> Charge:
        charge = await self.charges.get(account_id, charge_id)
        if charge is None:
            raise ChargeNotFoundError
        return charge

    async def _find_earlier(self, idempotency_key: str, at: datetime) -> Refund | None:
        return await self.refunds.find_by_mark(idempotency_marks(idempotency_key, at), since=at - IDEMPOTENCY_TTL)

    async def _create_pending(self, charge: Charge, amount: int, idempotency_key: str, at: datetime) -> Refund:
        refund = Refund(
            refund_id=self.new_id("ref"),
            charge_id=charge.charge_id,
            account_id=charge.account_id,
            price=Money(amount=amount, currency=charge.price.currency),
            state=RefundState.PENDING,
            created_at=at,
        )

        async def write() -> None:
            await self.refunds.add(
                refund, mark=idempotency_marks(idempotency_key, at)[0], retry_at=at + self.reconcile_after
            )
            if not await self.charges.reserve_refund(charge, amount):
                raise RefundExceedsChargeError

        try:
            await self.transact(write)
        except DuplicateError:  # another try of the same request was quicker
            return await self._find_earlier(idempotency_key, at) or await self._create_pending(
                charge, amount, idempotency_key, at
            )
        return refund

    async def _complete(self, refund: Refund, at: datetime) -> Refund:
        """Ask the processor under the refund's own key, so that asking again cannot give back twice."""
        try:
            outcome = await self.processor.refund(refund.charge_id, refund.price, key=refund.refund_id)
        except ProcessorTimeoutError:
            await self.refunds.schedule_retry(refund.refund_id, at + self.reconcile_after)
            raise PaymentPendingError(f"refund {refund.refund_id} is pending", retry_after=30) from None
        state = RefundState.SUCCEEDED if outcome is ProcessorOutcome.SUCCEEDED else RefundState.DECLINED
        await self.transact(lambda: self._record_outcome(refund, state, at))
        if state is RefundState.DECLINED:
            raise CardDeclinedError
        return replace(refund, state=state)

    async def _record_outcome(self, refund: Refund, state: RefundState, at: datetime) -> None:
        if not await self.refunds.complete(refund.refund_id, state):
            return
        if state is RefundState.DECLINED:
            await self.charges.release_refund(refund.charge_id, refund.price.amount)
            return
        fact = payments_v1.ChargeRefunded(
            refund_id=refund.refund_id,
            charge_id=refund.charge_id,
            account_id=refund.account_id,
            amount=refund.price.amount,
            currency=refund.price.currency,
        )
        fact.refunded_at.FromDatetime(at)
        await self.outbox.put(fact, subject=refund.account_id)
