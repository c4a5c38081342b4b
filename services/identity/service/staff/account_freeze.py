"""Freezing an account blocks every login. Two people are needed to unfreeze it."""

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
    """Freezes and unfreezes accounts, in the ambient transaction."""

    accounts: Accounts
    session_service: SessionService
    app_password_service: AppPasswordService
    password_resets: PasswordResets
    security_events: SecurityEvents
    staff_emails: StaffEmails

    async def freeze_account(self, account: AccountDocument, *, reason: str | None, at: datetime) -> bool:
        """Freeze the account and revoke all access; False if it was frozen already. No *reason*: the owner asked."""
        if not await self.accounts.freeze_account(account.id, at=at):
            return False
        await self.session_service.revoke_all(account.id, at=at)
        # Revoked, not suspended: a stolen app password must not work again after the unfreeze.
        await self.app_password_service.revoke_all(account.id, at=at)
        await self.password_resets.delete_by_account(account.id)
        await self.security_events.record(account.id, SecurityEventKind.FROZEN, at=at)
        await self.staff_emails.send_account_frozen(account.id, await self._get_email(account), reason=reason)
        return True

    async def unfreeze_account(self, account: AccountDocument, *, at: datetime) -> bool:
        """Allow login again; False if the account is not frozen."""
        if not await self.accounts.unfreeze_account(account.id):
            return False
        await self.security_events.record(account.id, SecurityEventKind.UNFROZEN, at=at)
        await self.staff_emails.send_account_unfrozen(account.id, await self._get_email(account))
        return True

    async def _get_email(self, account: AccountDocument) -> str:
        return await self.accounts.open_email(account, Purpose.SECURITY)
