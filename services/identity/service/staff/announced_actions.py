"""Approved actions that the owner can object to before they take effect."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from services.identity.domain.authentication.security import SecurityEventKind
from services.identity.domain.staff.admin_actions import ADMIN_ACTION_RULES, AdminActionState
from services.identity.emails.staff import StaffEmails
from services.identity.errors import (
    AccountNotFoundError,
    AdminActionNotApplicableError,
    AdminActionNotPendingError,
    InvalidObjectionTokenError,
    NothingToObjectError,
)
from services.identity.service.staff.admin_action_executor import AdminActionExecutor
from services.identity.store import (
    AccountDocument,
    Accounts,
    AdminActionDocument,
    AdminActions,
    EmailChanges,
    SecurityEvents,
)
from shared import observe
from shared.ids import new_token, sha256_digest
from shared.mongo import DuplicateError, Transact
from shared.policy import Purpose

log = observe.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedActions:
    """Announces approved actions, takes objections, and carries out what is due.

    A stranger who convinces two members of staff still has to hope that the owner reads no email for days.
    """

    admin_actions: AdminActions
    accounts: Accounts
    email_changes: EmailChanges
    security_events: SecurityEvents
    staff_emails: StaffEmails
    executor: AdminActionExecutor
    transact: Transact

    async def announce_action(
        self, action: AdminActionDocument, account: AccountDocument, *, by: str, entry_id: str, at: datetime
    ) -> None:
        """Tell every address of the account and let the action wait, in the ambient transaction."""
        if account.state != "active":
            raise AccountNotFoundError
        if account.frozen_at is not None:
            raise AdminActionNotApplicableError
        token = new_token()
        takes_effect_at = at + (ADMIN_ACTION_RULES[action.kind].wait or timedelta())
        if not await self.admin_actions.mark_waiting(
            action, sha256_digest(token), by=by, entry_id=entry_id, takes_effect_at=takes_effect_at
        ):
            raise AdminActionNotPendingError
        await self.security_events.record(account.id, SecurityEventKind.STAFF_ACTION_ANNOUNCED, at=at)
        for address in await self._list_addresses(account, at=at):
            await self.staff_emails.send_action_announced(
                account.id, address, token, kind=action.kind, takes_effect_at=takes_effect_at
            )

    async def list_by_account(self, account_id: str) -> list[AdminActionDocument]:
        """Return the announced actions of the account, for every device that is logged in."""
        return await self.admin_actions.list_waiting(account_id)

    async def object_by_token(self, token: str, *, at: datetime) -> None:
        """Stop the action with this token; InvalidObjectionTokenError if none is waiting for it."""
        action = await self.admin_actions.get_by_objection(sha256_digest(token))
        if action is None or not await self.transact(partial(self._object, action, at=at)):
            raise InvalidObjectionTokenError

    async def object_by_owner(self, account_id: str, *, at: datetime) -> None:
        """Stop all announced actions of the account; NothingToObjectError if there is none."""
        waiting = await self.admin_actions.list_waiting(account_id)
        stopped = [await self.transact(partial(self._object, action, at=at)) for action in waiting]
        if not any(stopped):
            raise NothingToObjectError

    async def run_due(self, *, at: datetime) -> int:
        """Carry out the actions whose time has come; return their number."""
        due = await self.admin_actions.list_due(at)
        for action in due:
            try:
                await self.transact(partial(self._execute, action, at=at))
            except (AccountNotFoundError, AdminActionNotApplicableError):
                await self.admin_actions.settle_action(action, AdminActionState.EXPIRED, at=at)
                log.info("admin_action.not_applicable", admin_action_id=action.id)
            except DuplicateError:  # the owner starts an export at this moment: the next round joins it
                log.info("admin_action.postponed", admin_action_id=action.id)
        return len(due)

    async def _execute(self, action: AdminActionDocument, *, at: datetime) -> None:
        account = await self.accounts.get(action.account_id or "")
        if account is None:
            raise AccountNotFoundError
        if account.frozen_at is not None:
            # The owner, or staff with a reason, has locked the account during the wait: that is an objection.
            await self._object(action, at=at)
        elif await self.admin_actions.settle_action(action, AdminActionState.COMPLETED, at=at):
            await self.executor.execute(action, account, at=at)

    async def _object(self, action: AdminActionDocument, *, at: datetime) -> bool:
        if not await self.admin_actions.settle_action(action, AdminActionState.OBJECTED, at=at):
            return False
        account = await self.accounts.get_active(action.account_id or "")
        if account is not None:
            await self.security_events.record(account.id, SecurityEventKind.STAFF_ACTION_OBJECTED, at=at)
            for address in await self._list_addresses(account, at=at):
                await self.staff_emails.send_action_objected(account.id, address)
        return True

    async def _list_addresses(self, account: AccountDocument, *, at: datetime) -> list[str]:
        """The address of the account, and those it had in the last days: a thief changes the address first."""
        current = await self.accounts.open_email(account, Purpose.SECURITY)
        return [current, *await self.email_changes.list_revertible_emails(account.id, at=at)]
