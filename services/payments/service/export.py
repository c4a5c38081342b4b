"""Hands over and erases what payments holds of an account (C26, C31)."""

from dataclasses import dataclass
from datetime import timedelta

from services.payments.domain import Card, Charge, Refund
from services.payments.store import Cards, Charges, Refunds
from services.payments.store.fields import BOOKS_RETENTION_DAYS

BOOKS_RETENTION = timedelta(days=BOOKS_RETENTION_DAYS)
"""How long the books keep a charge, without the person when the account was erased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountExport:
    """Everything of one account."""

    cards: Cards
    charges: Charges
    refunds: Refunds

    async def erase(self, account_id: str) -> tuple[dict[str, int], int]:
        """Delete the cards, cut charges and refunds loose; return what was erased, and how many charges stay."""
        cards = await self.cards.delete_by_account(account_id)
        charges = await self.charges.anonymize(account_id)
        await self.refunds.anonymize(account_id)
        return {"cards": cards}, charges

    async def list_cards(self, account_id: str, *, after: str | None, limit: int) -> list[Card]:
        """Return cards, newest first."""
        return await self.cards.list_by_account(account_id, after=after, limit=limit)

    async def list_charges(self, account_id: str, *, after: str | None, limit: int) -> list[Charge]:
        """Return charges, newest first."""
        return await self.charges.list_by_account(account_id, after=after, limit=limit)

    async def list_refunds(self, account_id: str, *, after: str | None, limit: int) -> list[Refund]:
        """Return refunds, newest first."""
        return await self.refunds.list_by_account(account_id, after=after, limit=limit)
