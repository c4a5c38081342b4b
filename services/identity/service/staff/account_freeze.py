"""Freezing an account: nobody is let in, whatever they know; the owner is told, and two people open it again."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.authentication.security import SecurityEventKind
from services.identity.emails.staff import StaffEmails
from services.identity.service.sessions.app_passwords import AppPasswordService
from services.identity.service.sessions.sessions import SessionService
from services.identity.store import AccountDocument, Accounts, PasswordResets, SecurityEvents
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFreezer:
    """Closes and opens accounts, in the ambient transaction."""

    accounts: Accounts
    session_service: SessionService
    app_password_service: AppPasswordService
    password_resets: PasswordResets
    security_events: SecurityEvents
    staff_emails: StaffEmails

    async def freeze_account(self, account: AccountDocument, *, reason: str | None, at: datetime) -> bool:
        """End whatever opens the account; without a *reason* its owner asked. False when it is frozen already."""
        if not await self.accounts.freeze_account(account.id, at=at):
            return False
        await self.session_service.revoke_all(account.id, at=at)
        # Really revoked: whoever has taken one from a device must not be let in again when the account is opened.
        await self.app_password_service.revoke_all(account.id, at=at)
        await self.password_resets.delete_by_account(account.id)
        await self.security_events.record(account.id, SecurityEventKind.FROZEN, at=at)
        await self.staff_emails.send_account_frozen(account.id, await self._get_email(account), reason=reason)
        return True

    async def unfreeze_account(self, account: AccountDocument, *, at: datetime) -> bool:
        """Let the owner in again; False when the account is not frozen."""
        if not await self.accounts.unfreeze_account(account.id):
            return False
        await self.security_events.record(account.id, SecurityEventKind.UNFROZEN, at=at)
        await self.staff_emails.send_account_unfrozen(account.id, await self._get_email(account))
        return True

    async def _get_email(self, account: AccountDocument) -> str:
        return await self.accounts.open_email(account, Purpose.SECURITY)
