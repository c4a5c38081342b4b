"""The books: charges beside what was booked for them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from services.payments.domain.books import find_charge_differences
from services.payments.store.charges import ChargeDocument, Charges
from services.payments.store.disputes import Disputes
from services.payments.store.fields import BOOKS_RETENTION_DAYS
from services.payments.store.journal import JournalEntries, JournalEntryDocument
from services.payments.store.refunds import Refunds
from shared.mongo import Database

_CHARGE_KNOWN_FOR = timedelta(days=BOOKS_RETENTION_DAYS - 400)
"""An entry that is older may outlive its charge: each is kept for its own seven years."""


class Books:
    """Compares the journal with the charges, a batch at a time."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._charges, self._refunds, self._disputes = Charges(db), Refunds(db), Disputes(db)
        self._journal = JournalEntries(db)

    async def list_ids(self, *, after: str, limit: int) -> list[str]:
        """Return up to *limit* ids of charges in their order, after the id *after*."""
        return await self._charges.list_ids(after=after, limit=limit)

    async def sample_ids(self, size: int, *, at: datetime) -> list[str]:
        """Return the ids of random charges and of the charges of random entries, which may not exist."""
        charges = await self._db.get_collection(ChargeDocument).sample_documents(size)
        entries = await self._db.get_collection(JournalEntryDocument).sample_documents(size)
        since = at - _CHARGE_KNOWN_FOR
        return sorted(
            {raw["_id"] for raw in charges} | {raw["charge_id"] for raw in entries if raw["recorded_at"] > since}
        )

    async def find_differences(self, charge_ids: Sequence[str]) -> dict[str, list[str]]:
        """Return what is wrong with the books of these charges, in one phrase each, by the id of the charge."""
        return await self._db.with_transaction(lambda: self._compare(charge_ids))

    async def _compare(self, charge_ids: Sequence[str]) -> dict[str, list[str]]:
        """Read all in one transaction: between two reads a charge may be refunded."""
        refunds, disputes, entries = defaultdict(list), defaultdict(list), defaultdict(list)
        for refund in await self._refunds.list_by_charges(charge_ids):
            refunds[refund.charge_id].append(refund)
        for dispute in await self._disputes.list_by_charges(charge_ids):
            disputes[dispute.charge_id].append(dispute)
        for entry in await self._journal.list_by_charges(charge_ids):
            entries[entry.charge_id].append(entry)
        charges = {charge.charge_id: charge for charge in await self._charges.list_by_ids(charge_ids)}
        found = {
            charge_id: find_charge_differences(charge, refunds[charge_id], disputes[charge_id], entries[charge_id])
            for charge_id, charge in charges.items()
        }
        unknown = {charge_id: [f"{charge_id}: no such charge"] for charge_id in entries.keys() - charges.keys()}
        return {charge_id: phrases for charge_id, phrases in (found | unknown).items() if phrases}
