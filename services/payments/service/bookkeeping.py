"""Audits the journal: what it says of each charge must be what the charge, its refunds and disputes say."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from services.payments.domain import Charge, Refund, RefundKind, RefundState
from services.payments.domain.disputes import Dispute
from services.payments.domain.journal import BookedCharge, JournalEntry, find_differences
from services.payments.store import Charges, Disputes, JournalEntries, Refunds
from shared import observe
from shared.mongo import Transact

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

    charges: Charges
    refunds: Refunds
    disputes: Disputes
    journal: JournalEntries
    transact: Transact

    async def audit_charges(self) -> AuditResult:
        """Compare all charges, report the result as metrics and log lines, and return it."""
        count = 0
        differences: dict[str, list[str]] = {}
        async for batch in self._iter_batches():
            count += len(batch)
            differences |= await self._compare(batch)
        for charge_id, found in differences.items():
            log.error("journal.unbalanced", charge_id=charge_id, differences=found)
        _differences.set(len(differences))
        _checked.set(count)
        return AuditResult(
            charge_count=count, differences=tuple(phrase for found in differences.values() for phrase in found)
        )

    async def _iter_batches(self) -> AsyncIterator[Sequence[str]]:
        after = ""
        while batch := await self.charges.list_ids(after=after, limit=BATCH_SIZE):
            yield batch
            after = batch[-1]

    async def _compare(self, charge_ids: Sequence[str]) -> dict[str, list[str]]:
        """Read a batch in one transaction: between two reads a charge may be refunded."""

        async def read() -> dict[str, list[str]]:
            refunds, disputes, entries = defaultdict(list), defaultdict(list), defaultdict(list)
            for refund in await self.refunds.list_by_charges(charge_ids):
                refunds[refund.charge_id].append(refund)
            for dispute in await self.disputes.list_by_charges(charge_ids):
                disputes[dispute.charge_id].append(dispute)
            for entry in await self.journal.list_by_charges(charge_ids):
                entries[entry.charge_id].append(entry)
            return {
                charge.charge_id: found
                for charge in await self.charges.list_by_ids(charge_ids)
                if (found := _find(charge, refunds[charge.charge_id], disputes[charge.charge_id], entries))
            }

        return await self.transact(read)


def _find(
    charge: Charge, refunds: list[Refund], disputes: list[Dispute], entries: dict[str, list[JournalEntry]]
) -> list[str]:
    succeeded = [refund for refund in refunds if refund.state is RefundState.SUCCEEDED]
    booked = BookedCharge(
        charge_id=charge.charge_id,
        currency=charge.price.currency,
        held=charge.amount_authorized - charge.amount_captured - charge.amount_released,
        captured=charge.amount_captured,
        refunded=sum(one.price.amount for one in succeeded if one.kind is RefundKind.REFUND),
        credited=sum(one.price.amount for one in succeeded if one.kind is RefundKind.CREDIT),
        disputed=sum(dispute.amount_open for dispute in disputes),
        lost=sum(dispute.amount_lost for dispute in disputes),
    )
    reserved = sum(one.price.amount for one in refunds if one.state in (RefundState.SUCCEEDED, RefundState.PENDING))
    found = list(find_differences(booked, entries[charge.charge_id]))
    if charge.amount_refunded != reserved:
        found.append(f"{charge.charge_id}: its refunds total {reserved}, not {charge.amount_refunded}")
    return found
