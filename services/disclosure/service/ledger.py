"""Records accesses to personal data and denied accesses, for their owner to read (C06, C21)."""

from dataclasses import dataclass

from services.disclosure.domain import AccessEntry, DeniedAccess
from services.disclosure.store import AccessEntries


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLedger:
    """The access ledger."""

    entries: AccessEntries

    async def record_access(self, entry: AccessEntry) -> None:
        """Record an access."""
        await self.entries.add(entry)

    async def record_denial(self, refusal: DeniedAccess) -> None:
        """Record a denied access."""
        await self.entries.add_denial(refusal)

    async def list_by_account(self, account_id: str, *, after: str | None, limit: int) -> list[AccessEntry]:
        """Return accesses to the data of an account, newest first."""
        return await self.entries.list_by_account(account_id, after=after, limit=limit)
