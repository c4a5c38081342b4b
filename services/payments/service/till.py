"""Charges cards: written down first, asked under a key of its own, settled by whatever the processor says."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.payments.domain import KEYS_LIVE, Charge, ChargeState, Money, marks
from services.payments.errors import CardNotFoundError, DeclinedError, DescriptionRefusedError, OutcomeUnknownError
from services.payments.ports import Outcome, Processor, ProcessorSilentError
from services.payments.store import Cards, Charges
from shared.bus import Outbox
from shared.contracts import payments_v1
from shared.ids import NewId
from shared.mongo import DuplicateError
from shared.promises.card_numbers import holds_card_number

Transact = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]
AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to take from which card of whom, and what for."""

    account_id: str
    card_id: str
    price: Money
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Till:
    """The charges of all accounts."""

    processor: Processor
    cards: Cards
    charges: Charges
    outbox: Outbox
    transact: Transact
    new_id: NewId
    settle_after: timedelta

    async def charge(self, order: Order, *, operation: str, at: datetime) -> Charge:
        """Take the money once for each *operation*, also when an earlier try of it died half-way."""
        charge, reference = await self._earlier(operation, at) or await self._written(order, operation, at)
        if charge.state is ChargeState.DECLINED:
            raise DeclinedError
        return charge if charge.state is ChargeState.CAPTURED else await self._settle(charge, reference, at)

    async def of(self, account_id: str, *, after: str | None, most: int) -> list[Charge]:
        """Return the charges of an account, newest first."""
        return await self.charges.all_of(account_id, after=after, most=most)

    async def settle_unknown(self, *, at: datetime) -> int:
        """Ask again about the charges whose outcome is unknown; return how many were settled."""
        settled = 0
        for charge, reference in await self.charges.unsettled(at=at, most=AT_ONCE):
            try:
                await self._settle(charge, reference, at)
            except OutcomeUnknownError:
                continue
            except DeclinedError:
                settled += 1
            else:
                settled += 1
        return settled

    async def _earlier(self, operation: str, at: datetime) -> tuple[Charge, str] | None:
        return await self.charges.marked(marks(operation, at), since=at - KEYS_LIVE)

    async def _written(self, order: Order, operation: str, at: datetime) -> tuple[Charge, str]:
        if holds_card_number(order.description):
            raise DescriptionRefusedError
        card = await self.cards.of(order.account_id, order.card_id)
        if card is None:
            raise CardNotFoundError
        charge = Charge(
            charge_id=self.new_id("chg"),
            account_id=order.account_id,
            card_id=order.card_id,
            price=order.price,
            description=order.description,
            state=ChargeState.PENDING,
            refunded=0,
            created_at=at,
        )
        try:
            await self.charges.add(
                charge,
                processor_ref=card.processor_ref,
                mark=marks(operation, at)[0],
                ask_at=at + self.settle_after,
            )
        except DuplicateError:  # another try of the same request was quicker
            return await self._earlier(operation, at) or await self._written(order, operation, at)
        return charge, card.processor_ref

    async def _settle(self, charge: Charge, reference: str, at: datetime) -> Charge:
        """Ask the processor under the charge's own key, so that asking again cannot charge twice."""
        try:
            outcome = await self.processor.charge(reference, charge.price, key=charge.charge_id)
        except ProcessorSilentError:
            await self.charges.ask_later(charge.charge_id, at + self.settle_after)
            raise OutcomeUnknownError(f"charge {charge.charge_id} is pending", retry_after=30) from None
        state = ChargeState.CAPTURED if outcome is Outcome.DONE else ChargeState.DECLINED
        await self.transact(lambda: self._book(charge, state, at))
        if state is ChargeState.DECLINED:
            raise DeclinedError
        return replace(charge, state=state)

    async def _book(self, charge: Charge, state: ChargeState, at: datetime) -> None:
        if await self.charges.settle(charge.charge_id, state) and state is ChargeState.CAPTURED:
            fact = payments_v1.ChargeCaptured(
                charge_id=charge.charge_id,
                account_id=charge.account_id,
                amount=charge.price.amount,
                currency=charge.price.currency,
            )
            fact.captured_at.FromDatetime(at)
            await self.outbox.put(fact, subject=charge.account_id)
