"""Hands over and erases what payments holds of an account (C26, C31)."""

from dataclasses import dataclass
from datetime import timedelta

from services.payments.domain import Card, Charge, Refund
from services.payments.store import Cards, Charges, Refunds
from services.payments.store.uses import BOOKS_KEPT_DAYS

BOOKS_KEPT = timedelta(days=BOOKS_KEPT_DAYS)
"""How long the books keep a charge, without the person when the account was erased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnData:
    """Everything of one account."""

    cards: Cards
    charges: Charges
    refunds: Refunds

    async def erase(self, account_id: str) -> tuple[dict[str, int], int]:
        """Delete the cards, cut charges and refunds loose; return what was erased, and how many charges stay."""
        cards = await self.cards.remove_all(account_id)
        charges = await self.charges.cut_loose(account_id)
        await self.refunds.cut_loose(account_id)
        return {"cards": cards}, charges

    async def cards_of(self, account_id: str, *, after: str | None, most: int) -> list[Card]:
        """Return cards, newest first."""
        return await self.cards.all_of(account_id, after=after, most=most)

    async def charges_of(self, account_id: str, *, after: str | None, most: int) -> list[Charge]:
        """Return charges, newest first."""
        return await self.charges.all_of(account_id, after=after, most=most)

    async def refunds_of(self, account_id: str, *, after: str | None, most: int) -> list[Refund]:
        """Return refunds, newest first."""
        return await self.refunds.all_of(account_id, after=after, most=most)
