"""Shows staff what is stored of a customer's cards and payments, for a purpose, on record (C18, C21)."""

from dataclasses import dataclass
from datetime import datetime

from services.payments.domain import Card, Charge, Refund
from services.payments.domain.disputes import Dispute
from services.payments.store import Cards, Charges, Disputes, Refunds, list_readable_fields
from shared.bus import Outbox
from shared.ids import NewId
from shared.mongo import Transact
from shared.policy import Purpose
from shared.privacy import DataAccess, record_access

READ_PURPOSES = (Purpose.BILLING_QUESTION, Purpose.REFUND, Purpose.CREDIT)
PAGE_SIZE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingRecord:
    """The cards of an account, and its newest charges, refunds and disputes."""

    entry_id: str
    """The entry in the ledger, which the customer sees."""
    cards: list[Card]
    charges: list[Charge]
    refunds: list[Refund]
    disputes: list[Dispute]


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingRecords:
    """Reads for a purpose: nothing is shown unless its entry in the ledger is stored."""

    cards: Cards
    charges: Charges
    refunds: Refunds
    disputes: Disputes
    outbox: Outbox
    transact: Transact
    new_id: NewId

    async def read(self, account_id: str, purpose: Purpose, *, basis: str, by: str, at: datetime) -> BillingRecord:
        """Return the records of an account to a member of staff; *basis* is the number of the case."""
        access = DataAccess(
            entry_id=self.new_id("led"),
            account_id=account_id,
            recipient_kind="staff",
            recipient_id=by,
            fields=list_readable_fields(purpose),
            purpose=purpose,
            basis=basis,
            accessed_at=at,
        )
        await self.transact(lambda: record_access(self.outbox, access))
        return BillingRecord(
            entry_id=access.entry_id,
            cards=await self.cards.list_by_account(account_id, after=None, limit=PAGE_SIZE),
            charges=await self.charges.list_by_account(account_id, after=None, limit=PAGE_SIZE),
            refunds=await self.refunds.list_by_account(account_id, after=None, limit=PAGE_SIZE),
            disputes=await self.disputes.list_by_account(account_id, after=None, limit=PAGE_SIZE),
        )

    async def list_disputes(self, *, after: str | None, limit: int) -> list[Dispute]:
        """Return a page of the disputes of all accounts, newest first."""
        return await self.disputes.list_page(after=after, limit=limit)
