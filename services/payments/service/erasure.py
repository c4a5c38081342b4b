"""Erases what payments stores of an account (C31)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.payments.store import (
    Attempts,
    Cards,
    CardSetups,
    Charges,
    DeclineTallies,
    Disputes,
    PendingOrders,
    Refunds,
)
from services.payments.store.fields import BOOKS_RETENTION_DAYS
from shared.privacy import EraseSubject, ErasureResult, RetainedRecord

BOOKS_RETENTION = timedelta(days=BOOKS_RETENTION_DAYS)
"""How long a charge stays in the books after an erasure, without its account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEraser:
    """Deletes the cards of an account; its charges and refunds stay in the books without it."""

    cards: Cards
    setups: CardSetups
    charges: Charges
    attempts: Attempts
    orders: PendingOrders
    refunds: Refunds
    disputes: Disputes
    decline_tallies: DeclineTallies
    erase_subject: EraseSubject

    async def erase(self, account_id: str, *, at: datetime) -> ErasureResult:
        """Delete the cards and anonymize charges and refunds; the result names the charges that stay."""
        # Setups first: one that is completed afterwards finds nothing to store a card for.
        await self.setups.delete_by_account(account_id)
        cards = await self.cards.delete_by_account(account_id)
        charge_ids = await self.charges.anonymize(account_id)
        await self.attempts.anonymize(charge_ids)
        await self.orders.delete(charge_ids)
        await self.refunds.anonymize(account_id)
        await self.disputes.anonymize(account_id)
        await self.decline_tallies.delete_by_account(account_id)
        retained = RetainedRecord(
            description=f"{len(charge_ids)} {'charge' if len(charge_ids) == 1 else 'charges'}, without your name",
            reason="required by bookkeeping law",
            retained_until=at + BOOKS_RETENTION,
        )
        return ErasureResult(
            erased_counts={"cards": cards, **await self.erase_subject(account_id)},
            retained_items=(retained,) if charge_ids else (),
        )
