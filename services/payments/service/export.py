"""Exports what payments stores of an account (C26)."""

from dataclasses import dataclass

from services.payments.domain import Card, Charge, Refund
from services.payments.store import Cards, Charges, Refunds


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountExport:
    """Reads the cards, charges and refunds of an account."""

    cards: Cards
    charges: Charges
    refunds: Refunds

    async def list_cards(self, account_id: str, *, after: str | None, limit: int) -> list[Card]:
        """Return cards, newest first."""
        return await self.cards.list_by_account(account_id, after=after, limit=limit)

    async def list_charges(self, account_id: str, *, after: str | None, limit: int) -> list[Charge]:
        """Return charges, newest first."""
        return await self.charges.list_by_account(account_id, after=after, limit=limit)

    async def list_refunds(self, account_id: str, *, after: str | None, limit: int) -> list[Refund]:
        """Return refunds, newest first."""
        return await self.refunds.list_by_account(account_id, after=after, limit=limit)
