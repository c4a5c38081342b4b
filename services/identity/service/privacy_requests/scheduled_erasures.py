"""Scheduled erasures: logged out at once, erased when due, cancelled by link or login."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from services.identity.domain.authentication.security import SecurityEventKind
from services.identity.emails.security import SecurityEmails
from services.identity.errors import (
    ErasureAlreadyScheduledError,
    ErasureNotScheduledError,
)
from services.identity.service.authentication.login import LoginService
from services.identity.service.privacy_requests.erasures import ErasureSaga
from services.identity.service.sessions.app_passwords import AppPasswordService
from services.identity.service.sessions.sessions import SessionService
from services.identity.store import Accounts, ScheduledErasureDocument, ScheduledErasures, SecurityEvents
from shared.ids import NewId, new_token, sha256_digest
from shared.mongo import DuplicateError, Transact
from shared.policy import Purpose

ScheduledErasure = ScheduledErasureDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledErasureService:
    """Schedules, cancels and starts erasures."""

    login_service: LoginService
    accounts: Accounts
    scheduled_erasures: ScheduledErasures
    session_service: SessionService
    app_password_service: AppPasswordService
    erasure_saga: ErasureSaga
    security_events: SecurityEvents
    security_emails: SecurityEmails
    transact: Transact
    new_id: NewId

    async def schedule(
        self, account_id: str, password: str, *, session_id: str, grace: timedelta, at: datetime
    ) -> ScheduledErasureDocument:
        """Schedule the erasure and revoke all access. Until it is due, the owner can log in to cancel."""
        account = await self.login_service.reauthenticate_with_password(
            account_id, password, session_id=session_id, at=at
        )
        token = new_token()
        scheduled = ScheduledErasureDocument(
            id=self.new_id("era"),
            account_id=account_id,
            token_hash=sha256_digest(token),
            created_at=at,
            due_at=at + grace,
        )

        async def store_schedule() -> None:
            await self.scheduled_erasures.add(scheduled)
            await self.session_service.revoke_all(account_id, at=at)
            await self.app_password_service.revoke_all(account_id, at=at)
            await self.security_events.record(account_id, SecurityEventKind.ERASURE_SCHEDULED, at=at)
            address = await self.accounts.open_email(account, Purpose.ACCOUNT)
            await self.security_emails.send_erasure_scheduled(account_id, address, token, due_at=scheduled.due_at)

        try:
            await self.transact(store_schedule)
        except DuplicateError as fault:
            raise ErasureAlreadyScheduledError from fault
        return scheduled

    async def get(self, erasure_id: str) -> ScheduledErasureDocument | None:
        """Return the scheduled erasure, or None."""
        return await self.scheduled_erasures.get(erasure_id)

    async def get_by_account(self, account_id: str) -> ScheduledErasureDocument:
        """Return the scheduled erasure of the account; ErasureNotScheduledError if there is none."""
        scheduled = await self.scheduled_erasures.get_by_account(account_id)
        if scheduled is None:
            raise ErasureNotScheduledError
        return scheduled

    async def cancel(self, account_id: str, *, at: datetime) -> None:
        """Cancel the scheduled erasure of the account."""
        await self._cancel(await self.scheduled_erasures.get_by_account(account_id), at=at)

    async def cancel_by_token(self, token: str, *, at: datetime) -> None:
        """Cancel the scheduled erasure with this token."""
        await self._cancel(await self.scheduled_erasures.get_by_token(sha256_digest(token)), at=at)

    async def start_due(self, *, at: datetime) -> int:
        """Start the due erasures; return their number."""
        due = await self.scheduled_erasures.list_due(at)
        for scheduled in due:
            await self.transact(partial(self._start, scheduled, at=at))
        return len(due)

    async def _cancel(self, scheduled: ScheduledErasureDocument | None, *, at: datetime) -> None:
        account = None if scheduled is None else await self.accounts.get_active(scheduled.account_id)
        if scheduled is None or account is None:
            raise ErasureNotScheduledError

        async def cancel_schedule() -> None:
            if not await self.scheduled_erasures.consume(scheduled):
                raise ErasureNotScheduledError
            address = await self.accounts.open_email(account, Purpose.ACCOUNT)
            await self.security_events.record(account.id, SecurityEventKind.ERASURE_CANCELLED, at=at)
            await self.security_emails.send_security_event(
                account.id, address, SecurityEventKind.ERASURE_CANCELLED, at=at
            )

        await self.transact(cancel_schedule)

    async def _start(self, scheduled: ScheduledErasureDocument, *, at: datetime) -> None:
        account = await self.accounts.get_active(scheduled.account_id)
        if account is not None and await self.scheduled_erasures.consume(scheduled):
            await self.erasure_saga.start(account, erasure_id=scheduled.id, at=at)
