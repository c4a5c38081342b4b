"""Charges of cards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from services.payments.domain import CardCharge, Charge, ChargeState, Money, idempotency_marks
from services.payments.errors import CardNotFoundError, CardNumberInDescriptionError
from services.payments.ports import ProcessorOutcome
from services.payments.service.payment import PaymentService, outcome_counter
from services.payments.store import Cards, Charges
from shared import observe
from shared.card_numbers import contains_card_number
from shared.contracts import payments_v1

_STATES = {
    ProcessorOutcome.SUCCEEDED: ChargeState.CAPTURED,
    ProcessorOutcome.DECLINED: ChargeState.DECLINED,
}
_OUTCOMES = {state: outcome for outcome, state in _STATES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRequest:
    """An order to charge a card of an account."""

    account_id: str
    card_id: str
    price: Money
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeService(PaymentService[CardCharge]):
    """Creates, lists and reconciles charges."""

    kind: ClassVar[str] = "charge"
    outcomes: ClassVar[observe.Counter] = outcome_counter(
        "candor_payments_charges_total", "Charges by the answer of the processor; a timeout is asked again."
    )

    cards: Cards
    charges: Charges

    async def create(self, request: ChargeRequest, *, idempotency_key: str, at: datetime) -> Charge:
        """Charge the card once for each *idempotency_key*, also when an earlier try of it died half-way."""
        payment = await self._execute(
            lambda: self._create_pending(request, idempotency_key, at), idempotency_key=idempotency_key, at=at
        )
        return payment.charge

    async def list_by_account(self, account_id: str, *, after: str | None, limit: int) -> list[Charge]:
        """Return up to *limit* charges of the account, newest first, after the position *after*."""
        return await self.charges.list_by_account(account_id, after=after, limit=limit)

    async def _create_pending(self, request: ChargeRequest, idempotency_key: str, at: datetime) -> CardCharge:
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
        payment = CardCharge(charge=charge, processor_ref=card.processor_ref)
        mark, _ = idempotency_marks(idempotency_key, at)
        await self.charges.add(payment, mark=mark, retry_at=at + self.reconcile_after)
        return payment

    def _get_ids(self, payment: CardCharge) -> Mapping[str, str]:
        return {"charge_id": payment.charge.charge_id}

    def _get_outcome(self, payment: CardCharge) -> ProcessorOutcome | None:
        return _OUTCOMES.get(payment.charge.state)

    def _with_outcome(self, payment: CardCharge, outcome: ProcessorOutcome) -> CardCharge:
        return replace(payment, charge=replace(payment.charge, state=_STATES[outcome]))

    async def _find_earlier(self, marks: Sequence[str], *, since: datetime) -> CardCharge | None:
        return await self.charges.find_by_mark(marks, since=since)

    async def _list_pending(self, *, at: datetime, limit: int) -> list[CardCharge]:
        return await self.charges.list_pending(at=at, limit=limit)

    async def _schedule_retry(self, payment: CardCharge, at: datetime) -> None:
        await self.charges.schedule_retry(payment.charge.charge_id, at)

    async def _ask_processor(self, payment: CardCharge) -> ProcessorOutcome:
        charge = payment.charge
        return await self.processor.charge_card(payment.processor_ref, charge.price, key=charge.charge_id)

    async def _record_outcome(self, payment: CardCharge, outcome: ProcessorOutcome, at: datetime) -> bool:
        charge = payment.charge
        if not await self.charges.complete(charge.charge_id, _STATES[outcome]):
            return False
        if outcome is ProcessorOutcome.SUCCEEDED:
            event = payments_v1.ChargeCaptured(
                charge_id=charge.charge_id,
                account_id=charge.account_id,
                amount=charge.price.amount,
                currency=charge.price.currency,
            )
            event.captured_at.FromDatetime(at)
            await self.outbox.put(event, subject=charge.account_id)
        return True
