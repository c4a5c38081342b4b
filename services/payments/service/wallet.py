"""Keeps cards as four digits and a date; the rest is gone when the call returns (C18)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.payments.domain import Card, CardDetails, brand_of
from services.payments.errors import (
    CardNotFoundError,
    DeclinedError,
    InvalidCardError,
    OutcomeUnknownError,
    StaleCardError,
)
from services.payments.ports import CardOpener, OpenedCard, Processor, ProcessorSilentError
from services.payments.store import Cards, SeenCards
from shared.ids import NewId

FAST_CLOCK = timedelta(seconds=60)
"""How far the clock of a customer may be ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallet:
    """The cards of all accounts."""

    opener: CardOpener
    processor: Processor
    seen: SeenCards
    cards: Cards
    new_id: NewId
    card_lifetime: timedelta

    def key(self) -> Mapping[str, str]:
        """Return the public key that a page encrypts cards with (RFC 7517)."""
        return self.opener.public()

    async def keep(self, account_id: str, jwe: str, *, operation: str, at: datetime) -> Card:
        """Hand the card to the processor and keep four digits and a date, once for each *operation*."""
        opened = self.opener.open(jwe)
        details = self._checked(account_id, opened, at)
        card_id = await self.seen.claim(opened.digest, operation=operation, card_id=self.new_id("tok"), at=at)
        if card_id is None:
            raise StaleCardError
        card = Card(
            card_id=card_id,
            account_id=account_id,
            last4=details.number[-4:],
            exp_month=details.exp_month,
            exp_year=details.exp_year,
            brand=brand_of(details.number),
            processor_ref=await self._hand_over(details, key=opened.digest),
            created_at=at,
        )
        await self.cards.add(card)
        return card

    async def of(self, account_id: str, *, after: str | None, most: int) -> list[Card]:
        """Return the cards of an account, newest first."""
        return await self.cards.all_of(account_id, after=after, most=most)

    async def forget(self, account_id: str, card_id: str) -> None:
        """Delete a card token of this account."""
        if not await self.cards.remove(account_id, card_id):
            raise CardNotFoundError

    def _checked(self, account_id: str, opened: OpenedCard, at: datetime) -> CardDetails:
        try:
            age = at - datetime.fromisoformat(str(opened.fields["issued_at"]))
            details = CardDetails.typed(opened.fields)
        except (KeyError, TypeError, ValueError, OverflowError):
            raise InvalidCardError from None  # the cause holds what was typed
        if opened.fields.get("account_id") != account_id or not -FAST_CLOCK <= age <= self.card_lifetime:
            raise StaleCardError
        if not details.usable(at):
            raise InvalidCardError
        return details

    async def _hand_over(self, details: CardDetails, *, key: str) -> str:
        try:
            reference = await self.processor.keep(details, key=key)
        except ProcessorSilentError:
            raise OutcomeUnknownError("the card was not kept", retry_after=30) from None
        if reference is None:
            raise DeclinedError
        return reference
