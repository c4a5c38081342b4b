"""Writes down who was shown whose data and who was refused; shows the owner (C06, C21)."""

from dataclasses import dataclass

from services.disclosure.domain import AccessEntry, DeniedAccess
from services.disclosure.store import AccessEntries


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLedger:
    """The ledger as others use it."""

    entries: AccessEntries

    async def record_access(self, entry: AccessEntry) -> None:
        """Enter that data was shown."""
        await self.entries.add(entry)

    async def record_denial(self, refusal: DeniedAccess) -> None:
        """Enter that a read was refused."""
        await self.entries.add_denial(refusal)

    async def list_by_account(self, account_id: str, *, after: str | None, limit: int) -> list[AccessEntry]:
        """Return who has seen the data of an account, newest first."""
        return await self.entries.list_by_account(account_id, after=after, limit=limit)
