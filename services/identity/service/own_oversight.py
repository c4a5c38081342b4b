"""What staff did to an account, and what its owner has reported: as it is handed over (C26)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.identity.store import Acts, Report, Reports
from shared.clock import rfc3339
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnOversight:
    """Acts and reports."""

    acts: Acts
    reports: Reports

    async def handed_over(self, account_id: str) -> Mapping[str, Any]:
        """Return what the owner gets by the names of the files."""
        acts = [
            {
                "act_id": act.id,
                "act": act.kind.value,
                "state": act.state.value,
                "reason": act.reason,
                "asked_at": rfc3339(act.asked_at),
                "settled_at": rfc3339(act.settled_at) if act.settled_at else None,
            }
            for act in await self.acts.of(account_id)
        ]
        reports = [await self._report(report) for report in await self.reports.of(account_id)]
        return {"acts_of_staff.json": {"acts": acts}, "reports.json": {"reports": reports}}

    async def _report(self, report: Report) -> Mapping[str, Any]:
        return {
            "report_id": report.id,
            "kind": report.kind.value,
            "state": report.state.value,
            "created_at": rfc3339(report.created_at),
            "text": await self.reports.opened(report, "text", Purpose.EXPORT),
            "answer": await self.reports.opened(report, "answer", Purpose.EXPORT),
        }
