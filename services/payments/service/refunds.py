"""Gives money back by token: set aside first, never more than is left, settled like a charge."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.payments.domain import KEYS_LIVE, Charge, Money, Refund, RefundState, marks
from services.payments.errors import BeyondChargeError, ChargeNotFoundError, DeclinedError, OutcomeUnknownError
from services.payments.ports import Outcome, Processor, ProcessorSilentError
from services.payments.service.till import AT_ONCE
from services.payments.store import Charges, Refunds
from shared.bus import Outbox
from shared.contracts import payments_v1
from shared.ids import NewId
from shared.mongo import DuplicateError

Transact = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundDesk:
    """The refunds of all charges; works after the card is gone, too."""

    processor: Processor
    charges: Charges
    refunds: Refunds
    outbox: Outbox
    transact: Transact
    new_id: NewId
    settle_after: timedelta

    async def refund(
        self, account_id: str, charge_id: str, amount: int, *, operation: str, at: datetime
    ) -> tuple[Refund, Charge]:
        """Give *amount* back once for each *operation*; return the refund and the charge as it is then."""
        charge = await self._charge(account_id, charge_id)
        refund = await self._earlier(operation, at) or await self._written(charge, amount, operation, at)
        if refund.state is RefundState.DECLINED:
            raise DeclinedError
        if refund.state is RefundState.PENDING:
            refund = await self._settle(refund, at)
        return refund, await self._charge(account_id, charge_id)

    async def settle_unknown(self, *, at: datetime) -> int:
        """Ask again about the refunds whose outcome is unknown; return how many were settled."""
        settled = 0
        for refund in await self.refunds.unsettled(at=at, most=AT_ONCE):
            try:
                await self._settle(refund, at)
            except OutcomeUnknownError:
                continue
            except DeclinedError:
                settled += 1
            else:
                settled += 1
        return settled

    async def _charge(self, account_id: str, charge_id: str) -> Charge:
        charge = await self.charges.of(account_id, charge_id)
        if charge is None:
            raise ChargeNotFoundError
        return charge

    async def _earlier(self, operation: str, at: datetime) -> Refund | None:
        return await self.refunds.marked(marks(operation, at), since=at - KEYS_LIVE)

    async def _written(self, charge: Charge, amount: int, operation: str, at: datetime) -> Refund:
        refund = Refund(
            refund_id=self.new_id("ref"),
            charge_id=charge.charge_id,
            account_id=charge.account_id,
            price=Money(amount=amount, currency=charge.price.currency),
            state=RefundState.PENDING,
            created_at=at,
        )

        async def write() -> None:
            await self.refunds.add(refund, mark=marks(operation, at)[0], ask_at=at + self.settle_after)
            if not await self.charges.reserve(charge, amount):
                raise BeyondChargeError

        try:
            await self.transact(write)
        except DuplicateError:  # another try of the same request was quicker
            return await self._earlier(operation, at) or await self._written(charge, amount, operation, at)
        return refund

    async def _settle(self, refund: Refund, at: datetime) -> Refund:
        """Ask the processor under the refund's own key, so that asking again cannot give back twice."""
        try:
            outcome = await self.processor.refund(refund.charge_id, refund.price, key=refund.refund_id)
        except ProcessorSilentError:
            await self.refunds.ask_later(refund.refund_id, at + self.settle_after)
            raise OutcomeUnknownError(f"refund {refund.refund_id} is pending", retry_after=30) from None
        state = RefundState.DONE if outcome is Outcome.DONE else RefundState.DECLINED
        await self.transact(lambda: self._book(refund, state, at))
        if state is RefundState.DECLINED:
            raise DeclinedError
        return replace(refund, state=state)

    async def _book(self, refund: Refund, state: RefundState, at: datetime) -> None:
        if not await self.refunds.settle(refund.refund_id, state):
            return
        if state is RefundState.DECLINED:
            await self.charges.release(refund.charge_id, refund.price.amount)
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
