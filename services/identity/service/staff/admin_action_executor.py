"""Carries out admin actions. Staff change accounts only through this class and ``AdminActionService``."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.authentication.security import SecurityEventKind
from services.identity.domain.staff.admin_actions import AdminActionKind, HoldScope
from services.identity.emails.staff import StaffEmails
from services.identity.errors import AccountNotFoundError, AdminActionNotApplicableError
from services.identity.service.accounts.email_change import EmailChangeService
from services.identity.service.authentication.second_factors import SecondFactorService
from services.identity.service.privacy_requests.erasures import ErasureSaga
from services.identity.service.privacy_requests.exports import ExportSaga
from services.identity.service.sessions.app_passwords import AppPasswordService
from services.identity.service.sessions.sessions import SessionService
from services.identity.service.staff.account_freeze import AccountFreezer
from services.identity.store import (
    AccountDocument,
    Accounts,
    AdminActionDocument,
    AdminActions,
    Credentials,
    ErasureLedger,
    LegalHoldDocument,
    LegalHolds,
    PasswordResets,
    SecurityEvents,
    SignUps,
)
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminActionExecutor:
    """Carries out an approved action, in the transaction that completes it."""

    accounts: Accounts
    credentials: Credentials
    sign_ups: SignUps
    admin_actions: AdminActions
    legal_holds: LegalHolds
    ledger: ErasureLedger
    password_resets: PasswordResets
    session_service: SessionService
    app_password_service: AppPasswordService
    security_events: SecurityEvents
    email_change_service: EmailChangeService
    account_freezer: AccountFreezer
    erasure_saga: ErasureSaga
    export_saga: ExportSaga
    second_factor_service: SecondFactorService
    staff_emails: StaffEmails

    async def prepare_action(self, action: AdminActionDocument, *, at: datetime) -> None:
        """Do the repeatable work that must stay outside the transaction."""
        if action.kind is AdminActionKind.CORRECT_EMAIL and action.account_id is not None:
            address = await self.admin_actions.open_new_email(action, Purpose.SUPPORT)
            await self.email_change_service.request(action.account_id, address, user_agent="", at=at)

    async def execute(self, action: AdminActionDocument, account: AccountDocument, *, at: datetime) -> None:
        """Carry out *action*; AdminActionNotApplicableError if there is nothing to do."""
        if account.state != "active" and action.kind not in {AdminActionKind.PLACE_HOLD, AdminActionKind.RELEASE_HOLD}:
            raise AccountNotFoundError
        match action.kind:
            case AdminActionKind.CANCEL_PASSWORD:
                await self._cancel_password(account, at=at)
            case AdminActionKind.FREEZE | AdminActionKind.UNFREEZE:
                await self._freeze(action, account, at=at)
            case AdminActionKind.PURGE_CHILD:
                await self._purge_child(action, account, at=at)
            case AdminActionKind.PLACE_HOLD | AdminActionKind.RELEASE_HOLD:
                await self._place_or_release_hold(action, account, at=at)
            case AdminActionKind.CORRECT_EMAIL:
                pass  # Done in prepare_action: the new address must be confirmed, and the old one can revert.
            case _:
                await self._execute_for_locked_out(action, account, at=at)

    async def _execute_for_locked_out(
        self, action: AdminActionDocument, account: AccountDocument, *, at: datetime
    ) -> None:
        """Do for an owner who cannot log in what others do themselves (C26, C31)."""
        match action.kind:
            case AdminActionKind.REMOVE_SECOND_FACTORS:
                await self._remove_second_factors(account, at=at)
            case AdminActionKind.EXPORT:
                await self.export_saga.start_by_request(account.id, at=at)
                await self.security_events.record(account.id, SecurityEventKind.EXPORT_LINK_SENT, at=at)
            case AdminActionKind.ERASE:
                started = await self.erasure_saga.start(account, at=at)
                await self.admin_actions.set_erasure(action, started.erasure.id)

    async def _cancel_password(self, account: AccountDocument, *, at: datetime) -> None:
        """Revoke the password and all access. Staff never set another password (C27)."""
        await self.credentials.cancel_password(account.id)
        await self.session_service.revoke_all(account.id, at=at)
        await self.app_password_service.revoke_all(account.id, at=at)
        await self.password_resets.delete_by_account(account.id)
        await self.security_events.record(account.id, SecurityEventKind.PASSWORD_CANCELLED, at=at)
        await self.staff_emails.send_password_cancelled(
            account.id, await self.accounts.open_email(account, Purpose.SECURITY)
        )

    async def _remove_second_factors(self, account: AccountDocument, *, at: datetime) -> None:
        """Remove all second factors, and a password that is only long enough beside one."""
        password = await self.credentials.get_password(account.id)
        cancels_password = password is not None and password.needs_second_factor
        if cancels_password:
            await self.credentials.cancel_password(account.id)
        if not await self.second_factor_service.remove_all(account.id):
            raise AdminActionNotApplicableError
        await self.session_service.revoke_all(account.id, at=at)
        await self.security_events.record(account.id, SecurityEventKind.SECOND_FACTORS_REMOVED, at=at)
        address = await self.accounts.open_email(account, Purpose.SECURITY)
        await self.staff_emails.send_second_factors_removed(account.id, address, cancels_password=cancels_password)

    async def _freeze(self, action: AdminActionDocument, account: AccountDocument, *, at: datetime) -> None:
        if action.kind is AdminActionKind.FREEZE:
            is_done = await self.account_freezer.freeze_account(account, reason=action.reason, at=at)
        else:
            is_done = await self.account_freezer.unfreeze_account(account, at=at)
        if not is_done:
            raise AdminActionNotApplicableError

    async def _purge_child(self, action: AdminActionDocument, account: AccountDocument, *, at: datetime) -> None:
        """Erase everything. A keyed hash of the address stays: only a later age screen allows a new account."""
        await self.ledger.record_purged_child(account.email_index, at=at)
        await self.sign_ups.delete_by_email(account.email_index)
        await self.admin_actions.set_erasure(action, await self.erasure_saga.purge_child(account, at=at))

    async def _place_or_release_hold(
        self, action: AdminActionDocument, account: AccountDocument, *, at: datetime
    ) -> None:
        if action.kind is AdminActionKind.PLACE_HOLD:
            await self.legal_holds.add(_build_hold(action, account, at=at))
            await self.erasure_saga.suspend(account.id, at=at)
        elif await self.legal_holds.release_by_account(account.id, at=at):
            await self.erasure_saga.resume_one(account.id, at=at)
        else:
            raise AdminActionNotApplicableError


def _build_hold(action: AdminActionDocument, account: AccountDocument, *, at: datetime) -> LegalHoldDocument:
    return LegalHoldDocument(
        id=action.id,
        account_id=account.id,
        scope=action.hold_scope or HoldScope.ACCOUNT,
        reason=action.reason,
        until=action.hold_until or action.expires_at,
        started_at=at,
    )
