"""Tells the owner of a tree that our staff could look into it: afterwards, also when nobody did (C12)."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.store import Accounts
from services.identity.store.staff_letters import StaffLetters
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """Writes to owners, in the ambient transaction."""

    accounts: Accounts
    letters: StaffLetters

    async def tell(self, account_id: str, inspection_id: str, *, looks: int, ended_at: datetime) -> None:
        """Tell that an inspection has ended; nobody is written to whose account is gone meanwhile."""
        account = await self.accounts.get(account_id)
        if account is None:
            return
        address = await self.accounts.address(account, Purpose.SECURITY)
        await self.letters.inspected(account_id, address, inspection_id, looks=looks, ended_at=ended_at)
