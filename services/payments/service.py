"""What payments does."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.payments.domain import Card, CardDetails, Charge, ChargeState, Money, Refund, brand_of
from services.payments.errors import (
    BeyondChargeError,
    CardNotFoundError,
    ChargeNotFoundError,
    DeclinedError,
    InvalidCardError,
    OutcomeUnknownError,
    StaleCardError,
)
from services.payments.ports import CardOpener, OpenedCard, Outcome, Processor, ProcessorSilentError
from services.payments.store import Cards, Charges, SeenCards
from shared.bus import Outbox
from shared.contracts import payments_v1
from shared.ids import NewId

Transact = Callable[[Callable[[], Awaitable[bool]]], Awaitable[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Payments:
    """Keep a card, charge it, give back."""

    opener: CardOpener
    processor: Processor
    seen: SeenCards
    cards: Cards
    charges: Charges
    outbox: Outbox
    transact: Transact
    new_id: NewId
    card_lifetime: timedelta

    async def keep_card(self, account_id: str, jwe: str, *, at: datetime) -> Card:
        """Hand the card to the processor and keep four digits and a date; the rest is gone when this returns (C18)."""
        opened = self.opener.open(jwe)
        details = self._checked(account_id, opened, at)
        if not await self.seen.first_time(opened.digest, at=at):
            raise StaleCardError
        reference = await self._hand_over(details, key=opened.digest)
        card = Card(
            card_id=self.new_id("tok"),
            account_id=account_id,
            last4=details.number[-4:],
            exp_month=details.exp_month,
            exp_year=details.exp_year,
            brand=brand_of(details.number),
            processor_ref=reference,
            created_at=at,
        )
        await self.cards.add(card)
        return card

    async def forget_card(self, account_id: str, card_id: str) -> None:
        """Delete a card token of this account."""
        if not await self.cards.remove(account_id, card_id):
            raise CardNotFoundError

    async def charge(self, account_id: str, card_id: str, price: Money, *, description: str, at: datetime) -> Charge:
        """Take *price* from the card: written down first, asked once, settled by whatever the processor says."""
        card = await self.cards.of(account_id, card_id)
        if card is None:
            raise CardNotFoundError
        charge = Charge(
            charge_id=self.new_id("chg"),
            account_id=account_id,
            card_id=card_id,
            price=price,
            description=description,
            state=ChargeState.PENDING,
            refunded=0,
            created_at=at,
        )
        await self.charges.add(charge, processor_ref=card.processor_ref)
        return await self.settle(charge, card.processor_ref, at=at)

    async def settle(self, charge: Charge, processor_ref: str, *, at: datetime) -> Charge:
        """Ask the processor under the charge's own key, so that asking again cannot charge twice."""
        try:
            outcome = await self.processor.charge(processor_ref, charge.price, key=charge.charge_id)
        except ProcessorSilentError as silence:
            raise OutcomeUnknownError(f"charge {charge.charge_id} is pending", retry_after=30) from silence
        state = ChargeState.CAPTURED if outcome is Outcome.DONE else ChargeState.DECLINED
        await self._book(charge, state, at)
        if state is ChargeState.DECLINED:
            raise DeclinedError
        return replace(charge, state=state)

    async def refund(self, account_id: str, charge_id: str, amount: int, *, at: datetime) -> Refund:
        """Give *amount* back, never more than is left; works after the card is gone, too."""
        charge = await self.charges.of(account_id, charge_id)
        if charge is None:
            raise ChargeNotFoundError
        refund = Refund(refund_id=self.new_id("ref"), charge=charge, amount=amount)
        if not await self._book_refund(refund, at):
            raise BeyondChargeError
        outcome = await self.processor.refund(
            charge_id, Money(amount=amount, currency=charge.price.currency), key=refund.refund_id
        )
        if outcome is Outcome.DECLINED:
            await self.charges.take_again(charge, refund.refund_id, amount)
            raise DeclinedError
        return replace(refund, charge=replace(charge, refunded=charge.refunded + amount))

    async def settle_unknown(self, *, before: datetime, at: datetime) -> int:
        """Ask again about every charge whose outcome is unknown since *before*; return how many were settled."""
        settled = 0
        async for charge, reference in self.charges.pending(before=before):
            try:
                await self.settle(charge, reference, at=at)
            except OutcomeUnknownError:
                continue
            except DeclinedError:
                pass
            settled += 1
        return settled

    def _checked(self, account_id: str, opened: OpenedCard, at: datetime) -> CardDetails:
        try:
            sent = datetime.fromisoformat(str(opened.fields["issued_at"]))
            age = at - sent
            details = CardDetails.typed(opened.fields)
        except (KeyError, TypeError, ValueError):
            raise InvalidCardError from None  # the cause holds what was typed
        if opened.fields.get("account_id") != account_id or abs(age) > self.card_lifetime:
            raise StaleCardError
        if not details.usable(at):
            raise InvalidCardError
        return details

    async def _hand_over(self, details: CardDetails, *, key: str) -> str:
        try:
            reference = await self.processor.keep(details, key=key)
        except ProcessorSilentError as silence:
            raise OutcomeUnknownError("the card was not kept", retry_after=30) from silence
        if reference is None:
            raise DeclinedError
        return reference

    async def _book(self, charge: Charge, state: ChargeState, at: datetime) -> bool:
        async def book() -> bool:
            if not await self.charges.settle(charge.charge_id, state):
                return False
            if state is ChargeState.CAPTURED:
                await self.outbox.put(_captured(charge, at), subject=charge.account_id)
            return True

        return await self.transact(book)

    async def _book_refund(self, refund: Refund, at: datetime) -> bool:
        async def book() -> bool:
            if not await self.charges.give_back(refund.charge, refund.refund_id, refund.amount):
                return False
            await self.outbox.put(_refunded(refund, at), subject=refund.charge.account_id)
            return True

        return await self.transact(book)


def _captured(charge: Charge, at: datetime) -> payments_v1.ChargeCaptured:
    fact = payments_v1.ChargeCaptured(
        charge_id=charge.charge_id,
        account_id=charge.account_id,
        amount=charge.price.amount,
        currency=charge.price.currency,
    )
    fact.captured_at.FromDatetime(at)
    return fact


def _refunded(refund: Refund, at: datetime) -> payments_v1.ChargeRefunded:
    fact = payments_v1.ChargeRefunded(
        refund_id=refund.refund_id,
        charge_id=refund.charge.charge_id,
        account_id=refund.charge.account_id,
        amount=refund.amount,
        currency=refund.charge.price.currency,
    )
    fact.refunded_at.FromDatetime(at)
    return fact
