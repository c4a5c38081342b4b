"""App passwords: one for each device, for sync only, shown once; the password of the account stays at home."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.access import APP_PASSWORD_LIFETIME, APP_PASSWORDS_MOST, AppScope
from services.identity.domain.security import EventKind
from services.identity.errors import AccountNotFoundError, AppPasswordNotFoundError, TooManyAppPasswordsError
from services.identity.service.transact import Transact
from services.identity.store import Accounts, AppPassword, AppPasswords, SecurityEvents
from shared.bus import Outbox
from shared.contracts import identity_v1
from shared.crypto import PurposeRefusedError
from shared.ids import digest, new_typed_secret
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A new app password with its secret, which is nowhere else."""

    app_password: AppPassword
    secret: str
    username: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    """Makes, shows, checks and revokes app passwords."""

    accounts: Accounts
    app_passwords: AppPasswords
    events: SecurityEvents
    outbox: Outbox
    transact: Transact

    async def make(self, account_id: str, label: str, scope: AppScope, *, operation: str, at: datetime) -> Made:
        """Make one; a repeated *operation* makes the same one anew with another secret, not a second one."""
        account = await self.accounts.active(account_id)
        if account is None:
            raise AccountNotFoundError
        app_password_id, secret = f"apw_{operation[:26]}", new_typed_secret()
        others = [one for one in await self.app_passwords.of(account_id) if one.id != app_password_id]
        if len(others) >= APP_PASSWORDS_MOST:
            raise TooManyAppPasswordsError
        made = AppPassword(
            id=app_password_id,
            account_id=account_id,
            label=label,
            scope=scope,
            secret_hash=digest(secret),
            created_at=at,
            expires_at=at + APP_PASSWORD_LIFETIME,
        )

        async def put() -> None:
            await self.app_passwords.put(made)
            await self.events.note(account_id, EventKind.APP_PASSWORD_MADE, at=at)

        await self.transact(put)
        return Made(app_password=made, secret=secret, username=account.username)

    async def of(self, account_id: str) -> list[AppPassword]:
        """Return those of the account, the newest first."""
        return await self.app_passwords.of(account_id)

    async def revoke(self, account_id: str, app_password_id: str, *, at: datetime) -> None:
        """Revoke one; sync drops what it has cached of it."""

        async def revoke() -> None:
            if not await self.app_passwords.delete(app_password_id, account_id):
                raise AppPasswordNotFoundError
            await self._tell(app_password_id, account_id, at=at)

        await self.transact(revoke)

    async def revoke_of(self, account_id: str, *, at: datetime) -> int:
        """Revoke all of the account; return how many."""

        async def revoke() -> int:
            found = await self.app_passwords.of(account_id)
            for one in found:
                await self.app_passwords.delete(one.id, account_id)
                await self._tell(one.id, account_id, at=at)
            return len(found)

        return await self.transact(revoke)

    async def verified(self, username: str, secret: str, *, purpose: Purpose, at: datetime) -> AppPassword | None:
        """Return the app password that *secret* is: not expired, and one of the active account *username*."""
        if not self.accounts.may_sync(purpose):
            raise PurposeRefusedError(f"accounts.username may not be read for {purpose}")
        found = await self.app_passwords.by_hash(digest(secret))
        if found is None or at >= found.expires_at:
            return None
        account = await self.accounts.active(found.account_id)
        if account is None or account.frozen_at is not None or account.username != username:
            return None
        await self.app_passwords.used(found, at=at)
        return found

    async def _tell(self, app_password_id: str, account_id: str, *, at: datetime) -> None:
        await self.events.note(account_id, EventKind.APP_PASSWORD_REVOKED, at=at)
        fact = identity_v1.AppPasswordRevoked(app_password_id=app_password_id, account_id=account_id)
        fact.revoked_at.FromDatetime(at)
        await self.outbox.put(fact, subject=account_id)
