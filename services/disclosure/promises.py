"""The probes of the promises that disclosure owns."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.disclosure.domain import AccessEntry, Case, PartnerAgreement, all_notified
from services.disclosure.store import AccessEntries, CaseNotices, Cases, LedgerLogStore, PartnerAgreements
from shared.clock import Clock
from shared.policy import PromiseState
from shared.promises import Finding, Probe, broken_finding, kept_finding

MAX_CASES = 200
MAX_ENTRIES = 2_000
"""How many of the newest entries a probe checks, so that its cost stays bounded."""
CASE_WINDOW = timedelta(days=365)
"""Older cases are checked only while they have pending notices."""
MAX_REPORTED_IDS = 5
MAX_LEAVES = 50
LOG_DEADLINE = timedelta(minutes=10)
_BASIS_ID = re.compile(r"\b(?:agr|dis)_[0-9a-z]+\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class DisclosureProbes:
    """Probes that check the stored data, not the code that writes it."""

    cases: Cases
    notices: CaseNotices
    ledger: AccessEntries
    log: LedgerLogStore
    agreements: PartnerAgreements
    clock: Clock
    deadline: timedelta
    services: frozenset[str]
    pending_since: dict[str, datetime] = field(default_factory=dict)
    """When an entry was first seen outside the log; an event may be late, so the time of the access says nothing."""

    def build_probes(self) -> tuple[Probe, ...]:
        """Return the probes."""
        return (Probe("C16", self.disclosures_are_told_and_logged), Probe("C07", self.recipients_have_a_basis))

    async def disclosures_are_told_and_logged(self) -> Finding:
        """C16: every affected account is notified, and the ledger that says so is in its log, unchanged."""
        logged = await self.entries_are_logged()
        return logged if logged.state is PromiseState.BROKEN else await self.every_account_notified()

    async def entries_are_logged(self) -> Finding:
        """No entry waits longer than LOG_DEADLINE, and the newest entries are what their leaves say."""
        at = self.clock()
        pending = {each.entry.entry_id for each in await self.log.list_pending(limit=MAX_ENTRIES)}
        first_seen = {entry_id: self.pending_since.get(entry_id, at) for entry_id in pending}
        self.pending_since.clear()
        self.pending_since.update(first_seen)
        late = [entry_id for entry_id, since in first_seen.items() if at - since > LOG_DEADLINE]
        if late:
            return broken_finding(len(pending), f"{len(late)} entries of the ledger are not in its log")
        newest = await self.log.list_newest_logged(limit=MAX_LEAVES)
        changed = [each.entry.entry_id for each in newest if not await self.log.has_leaf(each)]
        if changed:
            named = ", ".join(changed[:MAX_REPORTED_IDS])
            return broken_finding(
                len(newest), f"{len(changed)} entries of the ledger are not what its log says: {named}"
            )
        return kept_finding(len(newest), f"{len(newest)} entries of the ledger are what its log says")

    async def every_account_notified(self) -> Finding:
        """C16: no closed case and no case past its deadline has an account without a final notice."""
        at = self.clock()
        newest = await self.cases.list_approved_between(at - CASE_WINDOW, at, limit=MAX_CASES)
        pending = await self.cases.get_many(await self.notices.list_pending_case_ids())
        sample = {case.case_id: case for case in newest} | pending
        late = [case for case in sample.values() if self._is_overdue(case, at)]
        counts = await self.notices.count_by_state([case.case_id for case in late])
        incomplete = sorted(case.case_id for case in late if not all_notified(case, counts[case.case_id]))
        if incomplete:
            named = ", ".join(incomplete[:MAX_REPORTED_IDS])
            return broken_finding(
                len(sample), f"{len(incomplete)} cases past the deadline have accounts that were not notified: {named}"
            )
        return kept_finding(
            len(sample),
            f"{len(late)} cases closed or past their deadline; every account was notified or is proven unreachable",
        )

    async def recipients_have_a_basis(self) -> Finding:
        """C07: every external recipient in the ledger has an agreement or a case that covers the access."""
        entries = await self.ledger.list_newest(limit=MAX_ENTRIES)
        named = sorted({found for entry in entries for found in _BASIS_ID.findall(entry.basis)})
        agreements, cases = await self.agreements.get_many(named), await self.cases.get_many(named)
        uncovered = [entry for entry in entries if not self._has_basis(entry, agreements, cases)]
        if uncovered:
            ids = ", ".join(entry.entry_id for entry in uncovered[:MAX_REPORTED_IDS])
            return broken_finding(
                len(entries), f"{len(uncovered)} accesses without an agreement or case that covers them: {ids}"
            )
        return kept_finding(
            len(entries), "every recipient in the newest entries is internal, or covered by an agreement or a case"
        )

    def _is_overdue(self, case: Case, at: datetime) -> bool:
        return case.closed_at is not None or (case.approved_at is not None and case.approved_at < at - self.deadline)

    def _has_basis(self, entry: AccessEntry, agreements: dict[str, PartnerAgreement], cases: dict[str, Case]) -> bool:
        named = _BASIS_ID.findall(entry.basis)
        match entry.recipient_kind:
            case "service":
                return entry.recipient_id in self.services
            case "staff":
                return True
            case "partner":
                return any(one in agreements and agreements[one].covers_access(entry) for one in named)
            case "legal":
                return any(one in cases and cases[one].approved_at is not None for one in named)
            case _:
                return False
