"""Notifies owners of ended inspections of their files, whether or not staff accessed any (C12)."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.emails.staff import StaffEmails
from services.identity.store import Accounts
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionNotifier:
    """Queues the notice, in the ambient transaction."""

    accounts: Accounts
    staff_emails: StaffEmails

    async def notify_owner(self, account_id: str, inspection_id: str, *, access_count: int, ended_at: datetime) -> None:
        """Notify the owner, unless the account is gone."""
        account = await self.accounts.get(account_id)
        if account is None:
            return
        address = await self.accounts.open_email(account, Purpose.SECURITY)
        await self.staff_emails.send_inspection_ended(
            account_id, address, inspection_id, access_count=access_count, ended_at=ended_at
        )
