"""The probes of the promises that disclosure owns."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.disclosure.domain import AccessEntry, Case, PartnerAgreement, all_notified
from services.disclosure.store import AccessEntries, CaseNotices, Cases, PartnerAgreements
from shared.clock import Clock
from shared.promises import Finding, Probe, broken_finding, kept_finding

MAX_CASES = 200
MAX_ENTRIES = 2_000
"""How many of the newest a look covers: its cost does not grow with what is stored."""
CASE_WINDOW = timedelta(days=365)
"""Cases that were approved longer ago have proven themselves; their notices go by their own limit one day."""
MAX_REPORTED_IDS = 5
_BASIS_ID = re.compile(r"\b(?:agr|dis)_[0-9a-z]+\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class DisclosureProbes:
    """Looks at what is stored, not at what the code means to store."""

    cases: Cases
    notices: CaseNotices
    ledger: AccessEntries
    agreements: PartnerAgreements
    clock: Clock
    deadline: timedelta
    services: frozenset[str]

    def build_probes(self) -> tuple[Probe, ...]:
        """Return the probes."""
        return (Probe("C16", self.every_account_notified), Probe("C07", self.recipients_have_a_basis))

    async def every_account_notified(self) -> Finding:
        """C16: no case past its deadline, and no closed one, has an account that was not told."""
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
                len(sample), f"{len(incomplete)} cases have an account not told past the deadline: {named}"
            )
        return kept_finding(
            len(sample),
            f"{len(late)} cases closed or past their deadline: every account told, or proven not to be reachable",
        )

    async def recipients_have_a_basis(self) -> Finding:
        """C07: whoever stands in the ledger from outside the house has an agreement that covers it, or a case."""
        entries = await self.ledger.list_newest(limit=MAX_ENTRIES)
        named = sorted({found for entry in entries for found in _BASIS_ID.findall(entry.basis)})
        agreements, cases = await self.agreements.get_many(named), await self.cases.get_many(named)
        uncovered = [entry for entry in entries if not self._has_basis(entry, agreements, cases)]
        if uncovered:
            ids = ", ".join(entry.entry_id for entry in uncovered[:MAX_REPORTED_IDS])
            return broken_finding(
                len(entries), f"{len(uncovered)} entries without agreement or case that covers them: {ids}"
            )
        return kept_finding(len(entries), "every reader in the newest entries is of the house or in the register")

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
