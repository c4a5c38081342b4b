"""Password resets by an emailed link."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from services.identity.domain.authentication.passwords import is_short
from services.identity.domain.authentication.security import PASSWORD_RESET_LIFETIME, SecurityEventKind
from services.identity.emails.security import SecurityEmails
from services.identity.errors import AccountFrozenError, InvalidPasswordResetTokenError
from services.identity.service.authentication.password_change import PasswordSetter
from services.identity.store import (
    Accounts,
    MailCooldowns,
    PasswordResetDocument,
    PasswordResetRequestDocument,
    PasswordResets,
    SecurityEvents,
)
from services.identity.store.authentication.throttles import PASSWORD_RESET_SCOPE
from shared.ids import NewId, new_token, sha256_digest
from shared.mail import EmailAddress
from shared.mongo import Transact
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordResetService:
    """Resets forgotten passwords."""

    accounts: Accounts
    password_resets: PasswordResets
    mail_cooldowns: MailCooldowns
    password_setter: PasswordSetter
    security_events: SecurityEvents
    security_emails: SecurityEmails
    transact: Transact
    new_id: NewId

    async def request(self, email: str, *, at: datetime) -> None:
        """Queue a request. Whether the address has an account is not looked up here (I-14, I-16)."""
        index = self.accounts.blind_index(EmailAddress(email))
        if await self.mail_cooldowns.hit(index, scope=PASSWORD_RESET_SCOPE, at=at):
            await self.password_resets.add_request(
                PasswordResetRequestDocument(id=self.new_id("wsh"), email_index=index, created_at=at)
            )

    async def send_pending(self, *, at: datetime) -> bool:
        """Send the links of the queued requests; return whether there were any."""
        requests = await self.password_resets.list_requests()
        for request in requests:
            await self.transact(partial(self._send_reset, request, at=at))
        return bool(requests)

    async def find_email(self, token: str, *, at: datetime) -> str:
        """Return the address of the account with this token, without using it; InvalidPasswordResetTokenError else."""
        reset = await self.password_resets.get_by_token(sha256_digest(token), at=at)
        account = None if reset is None else await self.accounts.get_active(reset.account_id)
        if account is None:
            raise InvalidPasswordResetTokenError
        return await self.accounts.open_email(account, Purpose.SECURITY)

    async def reset_password(self, token: str, new_password: str, *, at: datetime) -> None:
        """Set the password of the account with this token, once; InvalidPasswordResetTokenError otherwise."""
        reset = await self.password_resets.get_by_token(sha256_digest(token), at=at)
        account = None if reset is None else await self.accounts.get_active(reset.account_id)
        if reset is None or account is None:
            raise InvalidPasswordResetTokenError
        if account.frozen_at is not None:
            raise AccountFrozenError
        password_hash = await self.password_setter.hash_password(account, new_password)

        async def store_password() -> None:
            if not await self.password_resets.consume(reset):
                raise InvalidPasswordResetTokenError
            kind, needs_factor = SecurityEventKind.PASSWORD_RESET, is_short(new_password)
            await self.password_setter.set_password(
                account, password_hash, kind, is_short=needs_factor, except_session_id=None, at=at
            )

        await self.transact(store_password)

    async def _send_reset(self, request: PasswordResetRequestDocument, *, at: datetime) -> None:
        if not await self.password_resets.claim_request(request):
            return
        account = await self.accounts.get_by_email(request.email_index)
        if account is None or account.roles:  # the operator sets the passwords of staff
            return
        if account.frozen_at is not None:  # a mailbox in foreign hands must not have a password ready for the unfreeze
            return
        token = new_token()
        await self.password_resets.add(
            PasswordResetDocument(
                id=self.new_id("rst"),
                account_id=account.id,
                token_hash=sha256_digest(token),
                created_at=at,
                expires_at=request.created_at + PASSWORD_RESET_LIFETIME,
            )
        )
        await self.security_events.record(account.id, SecurityEventKind.PASSWORD_RESET_REQUESTED, at=at)
        address = await self.accounts.open_email(account, Purpose.SECURITY)
        await self.security_emails.send_password_reset(account.id, address, token)
