"""Erases what payments stores of an account (C31)."""

from dataclasses import dataclass
from datetime import timedelta

from services.payments.store import Cards, Charges, Refunds
from services.payments.store.fields import BOOKS_RETENTION_DAYS

BOOKS_RETENTION = timedelta(days=BOOKS_RETENTION_DAYS)
"""How long a charge stays in the books after an erasure, without its account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEraser:
    """Deletes the cards of an account; its charges and refunds stay in the books without it."""

    cards: Cards
    charges: Charges
    refunds: Refunds

    async def erase(self, account_id: str) -> tuple[dict[str, int], int]:
        """Return how many documents of each collection were deleted, and how many charges stay."""
        cards = await self.cards.delete_by_account(account_id)
        charges = await self.charges.anonymize(account_id)
        await self.refunds.anonymize(account_id)
        return {"cards": cards}, charges
