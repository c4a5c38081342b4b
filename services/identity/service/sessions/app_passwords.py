"""App passwords: one for each device, for sync only, so that no device stores the account password."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.authentication.sameness import normalize_app_password
from services.identity.domain.authentication.security import SecurityEventKind
from services.identity.domain.sessions.access import APP_PASSWORD_LIFETIME, MAX_APP_PASSWORDS, AppScope
from services.identity.errors import AppPasswordNotFoundError, TooManyAppPasswordsError
from services.identity.store import Accounts, AppPasswordDocument, AppPasswords, SecurityEvents
from shared.bus import Outbox
from shared.contracts import identity_v1
from shared.crypto import PurposeDeniedError
from shared.ids import new_grouped_secret, sha256_digest
from shared.mongo import Transact
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAppPassword:
    """A new app password with its secret, which is not stored."""

    app_password: AppPasswordDocument
    secret: str
    username: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPasswordService:
    """Manages and verifies app passwords."""

    accounts: Accounts
    app_passwords: AppPasswords
    security_events: SecurityEvents
    outbox: Outbox
    transact: Transact

    async def create(
        self, account_id: str, label: str, scope: AppScope, *, idempotency_key: str, at: datetime
    ) -> NewAppPassword:
        """Create an app password. With the same idempotency key, it gets a new secret instead."""
        account = await self.accounts.require_active(account_id)
        app_password_id, secret = f"apw_{idempotency_key[:26]}", new_grouped_secret()
        others = [
            existing
            for existing in await self.app_passwords.list_by_account(account_id)
            if existing.id != app_password_id
        ]
        if len(others) >= MAX_APP_PASSWORDS:
            raise TooManyAppPasswordsError
        app_password = AppPasswordDocument(
            id=app_password_id,
            account_id=account_id,
            label=label,
            scope=scope,
            secret_hash=sha256_digest(secret),
            created_at=at,
            expires_at=at + APP_PASSWORD_LIFETIME,
        )

        async def store_app_password() -> None:
            await self.app_passwords.put(app_password)
            await self.security_events.record(account_id, SecurityEventKind.APP_PASSWORD_CREATED, at=at)

        await self.transact(store_app_password)
        return NewAppPassword(app_password=app_password, secret=secret, username=account.username)

    async def list_by_account(self, account_id: str) -> list[AppPasswordDocument]:
        """Return the app passwords of the account, newest first."""
        return await self.app_passwords.list_by_account(account_id)

    async def revoke(self, account_id: str, app_password_id: str, *, at: datetime) -> None:
        """Revoke an app password; sync drops its cached result."""

        async def delete_and_record() -> None:
            if not await self.app_passwords.delete(app_password_id, account_id):
                raise AppPasswordNotFoundError
            await self._record_revocation(app_password_id, account_id, at=at)

        await self.transact(delete_and_record)

    async def revoke_all(self, account_id: str, *, at: datetime) -> int:
        """Revoke all app passwords of the account; return their number."""

        async def delete_all() -> int:
            app_passwords = await self.app_passwords.list_by_account(account_id)
            for app_password in app_passwords:
                await self.app_passwords.delete(app_password.id, account_id)
                await self._record_revocation(app_password.id, account_id, at=at)
            return len(app_passwords)

        return await self.transact(delete_all)

    async def verify(self, username: str, secret: str, *, purpose: Purpose, at: datetime) -> AppPasswordDocument | None:
        """Return the app password if it has not expired and belongs to the active account *username*, else None."""
        if not self.accounts.may_match_username(purpose):
            raise PurposeDeniedError(f"accounts.username may not be read for {purpose}")
        app_password = await self.app_passwords.get_by_hash(sha256_digest(normalize_app_password(secret)))
        if app_password is None or at >= app_password.expires_at:
            return None
        account = await self.accounts.get_active(app_password.account_id)
        if account is None or account.frozen_at is not None or account.username != username:
            return None
        await self.app_passwords.mark_used(app_password, at=at)
        return app_password

    async def _record_revocation(self, app_password_id: str, account_id: str, *, at: datetime) -> None:
        await self.security_events.record(account_id, SecurityEventKind.APP_PASSWORD_REVOKED, at=at)
        event = identity_v1.AppPasswordRevoked(app_password_id=app_password_id, account_id=account_id)
        event.revoked_at.FromDatetime(at)
        await self.outbox.put(event, subject=account_id)
