"""Erasure and export of an account: telemetry stores none."""

import json
from dataclasses import dataclass
from datetime import datetime

from shared.privacy import EraseSubject, ErasureResult, ExportPage

EXPORT_NOTE = "Telemetry knows no account and no device: nothing that it stores can be linked to you or anyone else."


@dataclass(frozen=True, slots=True)
class AccountEraser:
    """Erases what the chassis stores of an account (the replies to a member of staff); telemetry stores no account."""

    erase_subject: EraseSubject

    async def erase(self, account_id: str, *, at: datetime) -> ErasureResult:  # noqa: ARG002 - the protocol has a time
        """Delete it; telemetry stores nothing else of an account (C31)."""
        return ErasureResult(erased_counts=await self.erase_subject(account_id))


class AccountExport:
    """Exports one page that says why there is nothing to export (C26)."""

    async def export_page(self, account_id: str, cursor: str) -> ExportPage:  # noqa: ARG002 - the same page for everyone
        """Return the only page."""
        content = json.dumps({"note": EXPORT_NOTE, "records": []}, indent=2).encode()
        return ExportPage([("data.json", content)])
