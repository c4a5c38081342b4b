"""Changes of the email address, confirmed at the new one and revertible from the old one for seven days."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.authentication.security import (
    EMAIL_CHANGE_LIFETIME,
    EMAIL_CHANGE_REVERT_LIFETIME,
    SecurityEventKind,
)
from services.identity.emails.security import SecurityEmails
from services.identity.errors import AccountNotFoundError, EmailTakenError, InvalidEmailChangeTokenError
from services.identity.service.sessions.app_passwords import AppPasswordService
from services.identity.service.sessions.sessions import SessionService
from services.identity.store import (
    AccountDocument,
    Accounts,
    EmailChangeDocument,
    EmailChanges,
    MailCooldowns,
    PasswordResets,
    ScheduledErasures,
    SecurityEvents,
)
from services.identity.store.authentication.throttles import EMAIL_CHANGE_SCOPE
from shared.bus import Outbox
from shared.contracts import identity_v1
from shared.errors import FieldProblem, InvalidInputError
from shared.ids import NewId, new_token, sha256_digest
from shared.mail import EmailAddress
from shared.mongo import Transact
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChangeService:
    """Requests, confirms and reverts email changes."""

    accounts: Accounts
    email_changes: EmailChanges
    scheduled_erasures: ScheduledErasures
    mail_cooldowns: MailCooldowns
    password_resets: PasswordResets
    session_service: SessionService
    app_password_service: AppPasswordService
    security_events: SecurityEvents
    security_emails: SecurityEmails
    outbox: Outbox
    transact: Transact
    new_id: NewId

    async def request(self, account_id: str, email: str, *, user_agent: str, at: datetime) -> None:
        """Send a confirmation link to *email*. The result is the same whether or not it has an account (I-15)."""
        account, mailbox = await self.accounts.require_active(account_id), EmailAddress(email)
        address, index = mailbox.email, self.accounts.blind_index(mailbox)
        if index == account.email_index:
            same = FieldProblem(field="email", code="same", message="This is already your email address.")
            raise InvalidInputError(fields=(same,))
        if not await self.mail_cooldowns.hit(index, scope=EMAIL_CHANGE_SCOPE, at=at):
            return
        token = new_token()

        async def store_change() -> None:
            is_taken = await self._is_taken(index, account_id, at=at)
            await self.email_changes.add(await self._build_change(account, address, index, token, at=at))
            await self.security_events.record(
                account_id, SecurityEventKind.EMAIL_CHANGE_REQUESTED, user_agent=user_agent, at=at
            )
            if is_taken:
                await self.security_emails.send_email_in_use(account_id, address)
            else:
                await self.security_emails.send_confirm_email(account_id, address, token)

        await self.transact(store_change)

    async def confirm(self, token: str, *, at: datetime) -> None:
        """Apply the change with this token, once; InvalidEmailChangeTokenError otherwise."""
        change = await self.email_changes.get_by_token(sha256_digest(token), "pending", at=at)
        if change is None:
            raise InvalidEmailChangeTokenError
        try:
            await self.transact(lambda: self._apply(change, at=at))
        except (EmailTakenError, AccountNotFoundError) as fault:
            raise InvalidEmailChangeTokenError from fault

    async def revert(self, token: str, *, at: datetime) -> None:
        """Revert to the old address and revoke all access: another person may have made the change."""
        change = await self.email_changes.get_by_token(sha256_digest(token), "applied", at=at)
        if change is None:
            raise InvalidEmailChangeTokenError
        try:
            await self.transact(lambda: self._revert(change, at=at))
        except (EmailTakenError, AccountNotFoundError) as fault:
            raise InvalidEmailChangeTokenError from fault

    async def _apply(self, change: EmailChangeDocument, *, at: datetime) -> None:
        account, undo_token, until = (
            await self.accounts.require_active(change.account_id),
            new_token(),
            at + EMAIL_CHANGE_REVERT_LIFETIME,
        )
        if account.email_index != change.old_email_index or await self._is_taken(change.email_index, account.id, at=at):
            raise EmailTakenError
        if not await self.email_changes.mark_applied(change, sha256_digest(undo_token), expires_at=until):
            raise InvalidEmailChangeTokenError
        old, new = (
            await self.accounts.open_email(account, Purpose.SECURITY),
            await self.email_changes.open_new_email(change),
        )
        await self.accounts.change_email(account, await self.accounts.seal(account.id, new), change.email_index)
        await self.password_resets.delete_by_account(account.id)
        await self.mail_cooldowns.reset(change.email_index)
        await self.security_emails.send_email_changed(account.id, old, undo_token, expires_at=until)
        await self._record_change(account.id, SecurityEventKind.EMAIL_CHANGED, at=at)

    async def _revert(self, change: EmailChangeDocument, *, at: datetime) -> None:
        account = await self.accounts.require_active(change.account_id)
        if not await self.email_changes.consume(change):
            raise InvalidEmailChangeTokenError
        await self.email_changes.delete_after(account.id, change.created_at)
        old = await self.email_changes.open_old_email(change)
        await self.accounts.change_email(account, await self.accounts.seal(account.id, old), change.old_email_index)
        await self.session_service.revoke_all(account.id, at=at)
        await self.app_password_service.revoke_all(account.id, at=at)
        await self.password_resets.delete_by_account(account.id)
        await self.scheduled_erasures.delete_by_account(account.id)
        await self.security_emails.send_security_event(account.id, old, SecurityEventKind.EMAIL_CHANGE_REVERTED, at=at)
        await self._record_change(account.id, SecurityEventKind.EMAIL_CHANGE_REVERTED, at=at)

    async def _is_taken(self, index: str, account_id: str, *, at: datetime) -> bool:
        owner = await self.accounts.get_by_email(index)
        reserved_for = await self.email_changes.get_reserving_account(index, at=at)
        return owner is not None or reserved_for not in {None, account_id}

    async def _build_change(
        self, account: AccountDocument, address: str, index: str, token: str, *, at: datetime
    ) -> EmailChangeDocument:
        old = await self.accounts.open_email(account, Purpose.ACCOUNT)
        return EmailChangeDocument(
            id=self.new_id("adc"),
            account_id=account.id,
            state="pending",
            token_hash=sha256_digest(token),
            email=await self.email_changes.seal(account.id, address),
            email_index=index,
            old_email=await self.email_changes.seal(account.id, old, old=True),
            old_email_index=account.email_index,
            created_at=at,
            expires_at=at + EMAIL_CHANGE_LIFETIME,
        )

    async def _record_change(self, account_id: str, kind: SecurityEventKind, *, at: datetime) -> None:
        await self.security_events.record(account_id, kind, at=at)
        event = identity_v1.EmailChanged(account_id=account_id)
        event.changed_at.FromDatetime(at)
        await self.outbox.put(event, subject=account_id)
