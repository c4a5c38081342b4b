"""Erases what disclosure stores of an account (C31)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.disclosure.store import AccessEntries, CaseNotices
from shared.privacy import EraseSubject, ErasureResult, RetainedRecord

RETAINED_NOTICES = "{count} notices of disclosures: case, account ID and delivery result"
RETENTION_REASON = "kept as proof that every affected account was notified; contains no name and no address"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEraser:
    """Deletes the ledger of an account; its notices stay as a proof, without name and address."""

    entries: AccessEntries
    notices: CaseNotices
    erase_subject: EraseSubject
    notice_retention: timedelta

    async def erase(self, account_id: str, *, at: datetime) -> ErasureResult:
        """Delete the entries about the account; name the notices that stay."""
        erased = await self.entries.erase(account_id, at=at)
        notices = await self.notices.count_by_account(account_id)
        retained = RetainedRecord(
            description=RETAINED_NOTICES.format(count=notices),
            reason=RETENTION_REASON,
            retained_until=at + self.notice_retention,
        )
        return ErasureResult(
            erased_counts={**erased, **await self.erase_subject(account_id)},
            retained_items=(retained,) if notices else (),
        )
