"""Writes down who was shown whose data and who was refused; shows the owner (C06, C21)."""

from dataclasses import dataclass
from datetime import datetime

from services.disclosure.domain import AccessEntry, CaseNotice, DeniedAccess
from services.disclosure.store import AccessEntries, CaseNotices


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLedger:
    """The ledger as others use it."""

    entries: AccessEntries
    notices: CaseNotices

    async def record_access(self, entry: AccessEntry) -> None:
        """Enter that data was shown."""
        await self.entries.add(entry)

    async def record_denial(self, refusal: DeniedAccess) -> None:
        """Enter that a read was refused."""
        await self.entries.add_denial(refusal)

    async def list_by_account(self, account_id: str, *, after: str | None, limit: int) -> list[AccessEntry]:
        """Return who has seen the data of an account, newest first."""
        return await self.entries.list_by_account(account_id, after=after, limit=limit)

    async def list_denials(self, account_id: str, *, after: str, limit: int) -> list[DeniedAccess]:
        """Return whom the data of an account was refused."""
        return await self.entries.list_denials_by_account(account_id, after=after, limit=limit)

    async def list_notices(self, account_id: str, *, after: str, limit: int) -> list[CaseNotice]:
        """Return the notices of disclosures to an account."""
        return await self.notices.list_by_account(account_id, after=after, limit=limit)

    async def erase(self, account_id: str, *, at: datetime) -> tuple[dict[str, int], int]:
        """Erase the entries about an account; return what was erased, and how many notices stay as proof."""
        erased = await self.entries.erase(account_id, at=at)
        return erased, await self.notices.count_by_account(account_id)
