"""Charges cards: written down first, asked under a key of its own, settled by whatever the processor says."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.payments.domain import IDEMPOTENCY_TTL, Charge, ChargeState, Money, idempotency_marks
from services.payments.errors import (
    CardDeclinedError,
    CardNotFoundError,
    CardNumberInDescriptionError,
    PaymentPendingError,
)
from services.payments.ports import Processor, ProcessorOutcome, ProcessorTimeoutError
from services.payments.store import Cards, Charges
from shared.bus import Outbox
from shared.contracts import payments_v1
from shared.ids import NewId
from shared.mongo import DuplicateError
from shared.promises.card_numbers import contains_card_number

Transact = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]
BATCH_SIZE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRequest:
    """What to take from which card of whom, and what for."""

    account_id: str
    card_id: str
    price: Money
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeService:
    """The charges of all accounts."""

    processor: Processor
    cards: Cards
    charges: Charges
    outbox: Outbox
    transact: Transact
    new_id: NewId
    reconcile_after: timedelta

    async def create(self, request: ChargeRequest, *, idempotency_key: str, at: datetime) -> Charge:
        """Take the money once for each *operation*, also when an earlier try of it died half-way."""
        charge, reference = await self._find_earlier(idempotency_key, at) or await self._create_pending(
            request, idempotency_key, at
        )
        if charge.state is ChargeState.DECLINED:
            raise CardDeclinedError
        return charge if charge.state is ChargeState.CAPTURED else await self._complete(charge, reference, at)

    async def list_by_account(self, account_id: str, *, after: str | None, limit: int) -> list[Charge]:
        """Return the charges of an account, newest first."""
        return await self.charges.list_by_account(account_id, after=after, limit=limit)

    async def reconcile_pending(self, *, at: datetime) -> int:
        """Ask again about the charges whose outcome is unknown; return how many were settled."""
        settled = 0
        for charge, reference in await self.charges.list_pending(at=at, limit=BATCH_SIZE):
            try:
                await self._complete(charge, reference, at)
            except PaymentPendingError:
                continue
            except CardDeclinedError:
                settled += 1
            else:
                settled += 1
        return settled

    async def _find_earlier(self, idempotency_key: str, at: datetime) -> tuple[Charge, str] | None:
        return await self.charges.find_by_mark(idempotency_marks(idempotency_key, at), since=at - IDEMPOTENCY_TTL)

    async def _create_pending(self, request: ChargeRequest, idempotency_key: str, at: datetime) -> tuple[Charge, str]:
        if contains_card_number(request.description):
            raise CardNumberInDescriptionError
        card = await self.cards.get(request.account_id, request.card_id)
        if card is None:
            raise CardNotFoundError
        charge = Charge(
            charge_id=self.new_id("chg"),
            account_id=request.account_id,
            card_id=request.card_id,
            price=request.price,
            description=request.description,
            state=ChargeState.PENDING,
            amount_refunded=0,
            created_at=at,
        )
        try:
            await self.charges.add(
                charge,
                processor_ref=card.processor_ref,
                mark=idempotency_marks(idempotency_key, at)[0],
                retry_at=at + self.reconcile_after,
            )
        except DuplicateError:  # another try of the same request was quicker
            return await self._find_earlier(idempotency_key, at) or await self._create_pending(
                request, idempotency_key, at
            )
        return charge, card.processor_ref

    async def _complete(self, charge: Charge, reference: str, at: datetime) -> Charge:
        """Ask the processor under the charge's own key, so that asking again cannot charge twice."""
        try:
            outcome = await self.processor.charge_card(reference, charge.price, key=charge.charge_id)
        except ProcessorTimeoutError:
            await self.charges.schedule_retry(charge.charge_id, at + self.reconcile_after)
            raise PaymentPendingError(f"charge {charge.charge_id} is pending", retry_after=30) from None
        state = ChargeState.CAPTURED if outcome is ProcessorOutcome.SUCCEEDED else ChargeState.DECLINED
        await self.transact(lambda: self._record_outcome(charge, state, at))
        if state is ChargeState.DECLINED:
            raise CardDeclinedError
        return replace(charge, state=state)

    async def _record_outcome(self, charge: Charge, state: ChargeState, at: datetime) -> None:
        if await self.charges.complete(charge.charge_id, state) and state is ChargeState.CAPTURED:
            fact = payments_v1.ChargeCaptured(
                charge_id=charge.charge_id,
                account_id=charge.account_id,
                amount=charge.price.amount,
                currency=charge.price.currency,
            )
            fact.captured_at.FromDatetime(at)
            await self.outbox.put(fact, subject=charge.account_id)
