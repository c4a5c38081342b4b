"""Audits the journal: what it says of each charge must be what the charge, its refunds and disputes say."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from services.payments.store import Books
from shared import observe

log = observe.get_logger(__name__)

BATCH_SIZE = 200
_differences = observe.gauge(
    "candor_payments_journal_differences", "Charges whose journal entries do not agree with the charge."
)
_checked = observe.gauge("candor_payments_journal_checked_charges", "Charges that the last audit compared.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditResult:
    """How many charges were compared, and what is wrong with the books, in one phrase each."""

    charge_count: int
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalAuditor:
    """Compares the journal with the charges, in batches."""

    books: Books

    async def audit_charges(self) -> AuditResult:
        """Compare all charges, report the result as metrics and log lines, and return it."""
        count = 0
        differences: dict[str, list[str]] = {}
        async for batch in self._iter_batches():
            count += len(batch)
            differences |= await self.books.find_differences(batch)
        for charge_id, found in differences.items():
            log.error("journal.unbalanced", charge_id=charge_id, differences=found)
        _differences.set(len(differences))
        _checked.set(count)
        return AuditResult(
            charge_count=count, differences=tuple(phrase for found in differences.values() for phrase in found)
        )

    async def _iter_batches(self) -> AsyncIterator[Sequence[str]]:
        after = ""
        while batch := await self.books.list_ids(after=after, limit=BATCH_SIZE):
            yield batch
            after = batch[-1]
