"""Tells the owner of a tree that our staff could look into it: afterwards, also when nobody did (C12)."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.emails.staff import StaffEmails
from services.identity.store import Accounts
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionNotifier:
    """Writes to owners, in the ambient transaction."""

    accounts: Accounts
    staff_emails: StaffEmails

    async def notify_owner(self, account_id: str, inspection_id: str, *, access_count: int, ended_at: datetime) -> None:
        """Tell that an inspection has ended; nobody is written to whose account is gone meanwhile."""
        account = await self.accounts.get(account_id)
        if account is None:
            return
        address = await self.accounts.open_email(account, Purpose.SECURITY)
        await self.staff_emails.send_inspection_ended(
            account_id, address, inspection_id, access_count=access_count, ended_at=ended_at
        )
