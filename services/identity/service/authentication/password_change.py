"""Changes of a known password, and the one way to set any password."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.authentication.passwords import is_short
from services.identity.domain.authentication.security import SecurityEventKind
from services.identity.emails.security import SecurityEmails
from services.identity.service.authentication.login import LoginService
from services.identity.service.authentication.password_hasher import Argon2PasswordHasher
from services.identity.service.authentication.second_factors import SecondFactorService
from services.identity.service.sessions.sessions import SessionService
from services.identity.store import (
    AccountDocument,
    Accounts,
    AppPasswordDocument,
    AppPasswords,
    Credentials,
    LoginThrottle,
    PasswordResets,
    SecurityEvents,
)
from shared.ids import NewId
from shared.mongo import Transact
from shared.policy import Purpose


@dataclass(frozen=True, slots=True)
class PasswordChangeResult:
    """The number of revoked sessions, and the app passwords, which stay valid."""

    revoked_sessions: int
    app_passwords: list[AppPasswordDocument]


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordSetter:
    """Sets passwords, for every path (I-21). Access gained with the old password ends (I-01)."""

    accounts: Accounts
    credentials: Credentials
    password_hasher: Argon2PasswordHasher
    second_factor_service: SecondFactorService
    login_throttle: LoginThrottle
    password_resets: PasswordResets
    session_service: SessionService
    security_events: SecurityEvents
    security_emails: SecurityEmails
    new_id: NewId

    async def hash_password(self, account: AccountDocument, password: str) -> str:
        """Return the hash of *password*; PasswordNotAcceptableError if it breaks a rule."""
        address = await self.accounts.open_email(account, Purpose.SECURITY)
        factors = bool(await self.second_factor_service.get_enrolled(account.id))
        return await self.password_hasher.hash_new(password, address=address, second_factor=factors)

    async def set_password(
        self,
        account: AccountDocument,
        password_hash: str,
        kind: SecurityEventKind,
        *,
        is_short: bool,
        except_session_id: str | None,
        at: datetime,
    ) -> int:
        """Store the hash, revoke all other sessions and emailed links, notify the owner; in the ambient transaction."""
        address = await self.accounts.open_email(account, Purpose.SECURITY)
        await self.credentials.set_password(
            self.new_id("crd"), account.id, password_hash, needs_second_factor=is_short, at=at
        )
        await self.password_resets.delete_by_account(account.id)
        await self.login_throttle.reset(account.email_index)
        await self.security_events.record(account.id, kind, at=at)
        await self.security_emails.send_security_event(account.id, address, kind, at=at)
        return await self.session_service.revoke_all(account.id, except_session_id=except_session_id, at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChangeService:
    """Changes the password of a logged-in owner."""

    login_service: LoginService
    password_setter: PasswordSetter
    app_passwords: AppPasswords
    transact: Transact

    async def change_password(
        self, account_id: str, session_id: str, current_password: str, new_password: str, *, at: datetime
    ) -> PasswordChangeResult:
        """Change the password and revoke all other sessions; return the app passwords, which the owner may revoke."""
        account = await self.login_service.reauthenticate_with_password(
            account_id, current_password, session_id=session_id, at=at
        )
        password_hash = await self.password_setter.hash_password(account, new_password)
        kind, needs_factor = SecurityEventKind.PASSWORD_CHANGED, is_short(new_password)
        revoked_sessions = await self.transact(
            lambda: self.password_setter.set_password(
                account, password_hash, kind, is_short=needs_factor, except_session_id=session_id, at=at
            )
        )
        return PasswordChangeResult(revoked_sessions, await self.app_passwords.list_by_account(account_id))
