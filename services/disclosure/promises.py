"""The probes of the promises that disclosure owns."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.disclosure.domain import Agreement, Case, Shown, told_all
from services.disclosure.store import Agreements, Cases, Ledger, Notices
from shared.clock import Clock
from shared.promises import Finding, Probe, broken, kept

CASES = 200
ENTRIES = 2_000
"""How many of the newest a look covers: its cost does not grow with what is stored."""
LOOK_BACK = timedelta(days=365)
"""Cases that were approved longer ago have proven themselves; their notices go by their own limit one day."""
NAMED = 5
_ID = re.compile(r"\b(?:agr|dis)_[0-9a-z]+\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class DisclosureProbes:
    """Looks at what is stored, not at what the code means to store."""

    cases: Cases
    notices: Notices
    ledger: Ledger
    agreements: Agreements
    clock: Clock
    deadline: timedelta
    services: frozenset[str]

    def all(self) -> tuple[Probe, ...]:
        """Return the probes."""
        return (Probe("C16", self.everybody_told), Probe("C07", self.readers_in_register))

    async def everybody_told(self) -> Finding:
        """C16: no case past its deadline, and no closed one, has an account that was not told."""
        at = self.clock()
        newest = await self.cases.approved_between(at - LOOK_BACK, at, most=CASES)
        waiting = await self.cases.of_ids(await self.notices.unsettled_cases())
        looked_at = {case.case_id: case for case in newest} | waiting
        late = [case for case in looked_at.values() if self._is_late(case, at)]
        counts = await self.notices.states([case.case_id for case in late])
        untold = sorted(case.case_id for case in late if not told_all(case, counts[case.case_id]))
        if untold:
            named = ", ".join(untold[:NAMED])
            return broken(len(looked_at), f"{len(untold)} cases have an account not told past the deadline: {named}")
        return kept(
            len(looked_at),
            f"{len(late)} cases closed or past their deadline: every account told, or proven not to be reachable",
        )

    async def readers_in_register(self) -> Finding:
        """C07: whoever stands in the ledger from outside the house has an agreement that covers it, or a case."""
        entries = await self.ledger.newest(most=ENTRIES)
        named = sorted({found for entry in entries for found in _ID.findall(entry.basis)})
        agreements, cases = await self.agreements.of_ids(named), await self.cases.of_ids(named)
        strangers = [entry for entry in entries if not self._is_registered(entry, agreements, cases)]
        if strangers:
            ids = ", ".join(entry.entry_id for entry in strangers[:NAMED])
            return broken(len(entries), f"{len(strangers)} entries without agreement or case that covers them: {ids}")
        return kept(len(entries), "every reader in the newest entries is of the house or in the register")

    def _is_late(self, case: Case, at: datetime) -> bool:
        return case.closed_at is not None or (case.approved_at is not None and case.approved_at < at - self.deadline)

    def _is_registered(self, entry: Shown, agreements: dict[str, Agreement], cases: dict[str, Case]) -> bool:
        named = _ID.findall(entry.basis)
        match entry.reader_kind:
            case "service":
                return entry.reader_id in self.services
            case "staff":
                return True
            case "partner":
                return any(one in agreements and agreements[one].covers(entry) for one in named)
            case "legal":
                return any(one in cases and cases[one].approved_at is not None for one in named)
            case _:
                return False
