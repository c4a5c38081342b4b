"""Admin actions: requested by one person, approved by another, carried out once, on record (C21, C27)."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from services.identity.domain.sessions.access import Role
from services.identity.domain.staff.admin_actions import (
    ADMIN_ACTION_RULES,
    MAX_HOLD_DURATION,
    AdminActionKind,
    AdminActionState,
    HoldScope,
    OwnerVerification,
    approval_deadline,
)
from services.identity.errors import (
    AccountNotFoundError,
    AdminActionForbiddenError,
    AdminActionNotFoundError,
    AdminActionNotPendingError,
    DuplicateAdminActionError,
)
from services.identity.service.staff.admin_action_executor import AdminActionExecutor
from services.identity.service.staff.announced_actions import AnnouncedActions
from services.identity.service.staff.contacts import validate_reason
from services.identity.store import AccountDocument, Accounts, AdminActionDocument, AdminActions, DataAccessLog
from services.identity.store.staff.data_access import Recipient
from shared.errors import FieldProblem, FourEyesError, InvalidInputError
from shared.ids import NewId
from shared.mail import EmailAddress
from shared.mongo import Transact
from shared.policy import Purpose

ACCOUNT_ID_FIELD = "identity.admin_actions.account_id"
NEW_EMAIL_FIELD = "identity.admin_actions.new_email"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffMember:
    """A member of staff, from the access token."""

    id: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminActionRequest:
    """A request for an action, with the fields that its kind needs."""

    kind: AdminActionKind
    account_id: str
    reason: str
    verification: OwnerVerification | None = None
    new_email: str | None = None
    hold_scope: HoldScope | None = None
    hold_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminActionDetails:
    """An action, and whether it needs approval."""

    action: AdminActionDocument
    new_email: str | None = None
    """The new email address, for those who approve it."""

    @property
    def needs_approval(self) -> bool:
        """Whether a second person must approve it."""
        return ADMIN_ACTION_RULES[self.action.kind].needs_approval and self.action.state is AdminActionState.PENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminActionService:
    """Requests, approves and rejects admin actions. Every access to an action's account is recorded."""

    admin_actions: AdminActions
    accounts: Accounts
    data_access_log: DataAccessLog
    executor: AdminActionExecutor
    announced_actions: AnnouncedActions
    transact: Transact
    new_id: NewId

    async def request(
        self, action_request: AdminActionRequest, *, by: StaffMember, idempotency_key: str, at: datetime
    ) -> AdminActionDetails:
        """Store a request, once per idempotency key. An action without approvers is carried out at once."""
        rule = ADMIN_ACTION_RULES[action_request.kind]
        if not rule.may_request(by.roles):
            raise AdminActionForbiddenError
        _validate_request(action_request, at=at)
        action_id = f"act_{idempotency_key[:26]}"
        existing = await self.admin_actions.get(action_id)
        if existing is not None:
            return AdminActionDetails(action=existing)
        account = await self._get_customer(action_request.account_id)
        if await self.admin_actions.get_pending(account.id, action_request.kind, at=at) is not None:
            raise DuplicateAdminActionError
        await self.transact(partial(self._add_pending, action_id, action_request, by, at=at))
        if not rule.needs_approval:
            await self._execute(action_id, by=by, at=at)
        return AdminActionDetails(action=await self._get_action(action_id))

    async def approve(self, action_id: str, *, by: StaffMember, at: datetime) -> AdminActionDetails:
        """Approve and carry out a colleague's action. A repeated approval has no effect."""
        action = await self._get_action(action_id)
        if not ADMIN_ACTION_RULES[action.kind].may_approve(by.roles):
            raise AdminActionForbiddenError
        if action.requested_by == by.id:
            raise FourEyesError
        is_approved = action.state in {AdminActionState.COMPLETED, AdminActionState.WAITING}
        if not is_approved or action.completed_by != by.id:
            await self._execute(action_id, by=by, at=at)
        return AdminActionDetails(action=await self._get_action(action_id))

    async def reject(self, action_id: str, *, by: StaffMember, at: datetime) -> AdminActionDetails:
        """Reject the action, as an approver, or withdraw it, as the requester."""
        action = await self._get_action(action_id)
        if action.requested_by != by.id and not ADMIN_ACTION_RULES[action.kind].may_approve(by.roles):
            raise AdminActionForbiddenError
        await self.transact(partial(self._complete, action_id, AdminActionState.REJECTED, by, at=at))
        return AdminActionDetails(action=await self._get_action(action_id))

    async def read(self, action_id: str, *, by: StaffMember, at: datetime) -> AdminActionDetails:
        """Return the action with its account. The account's owner sees the access.

        Requester and approvers also see a new email address: it cannot be approved unseen.
        """
        action = await self._get_action(action_id)
        if action.account_id is None:
            return AdminActionDetails(action=action)
        may_see_email = action.requested_by == by.id or ADMIN_ACTION_RULES[action.kind].may_approve(by.roles)
        if action.new_email is None or action.state is not AdminActionState.PENDING or not may_see_email:
            await self.transact(partial(self._record_access, action, by, at=at))
            return AdminActionDetails(action=action)
        await self.transact(partial(self._record_access, action, by, NEW_EMAIL_FIELD, at=at))
        return AdminActionDetails(
            action=action, new_email=await self.admin_actions.open_new_email(action, access_purpose(by))
        )

    async def list_page(
        self, state: AdminActionState | None, *, after: str | None, limit: int
    ) -> list[AdminActionDetails]:
        """Return a page of actions, without their accounts."""
        return [
            AdminActionDetails(action=action)
            for action in await self.admin_actions.list_page(state, after=after, limit=limit)
        ]

    async def expire_pending(self, *, at: datetime) -> int:
        """Expire the pending actions whose deadline has passed."""
        return await self.admin_actions.expire_pending(at)

    async def _add_pending(
        self, action_id: str, action_request: AdminActionRequest, by: StaffMember, *, at: datetime
    ) -> None:
        sealed = (
            None
            if action_request.new_email is None
            else await self.admin_actions.seal(action_request.account_id, action_request.new_email)
        )
        action = AdminActionDocument(
            id=action_id,
            account_id=action_request.account_id,
            kind=action_request.kind,
            state=AdminActionState.PENDING,
            reason=action_request.reason,
            verification=action_request.verification,
            new_email=sealed,
            hold_scope=action_request.hold_scope,
            hold_until=action_request.hold_until,
            requested_by=by.id,
            requested_at=at,
            expires_at=approval_deadline(at),
            requested_entry_id="",
        )
        entry = await self._record_access(action, by, at=at)
        await self.admin_actions.add(action.model_copy(update={"requested_entry_id": entry}))

    async def _execute(self, action_id: str, *, by: StaffMember, at: datetime) -> None:
        await self.executor.prepare_action(await self._get_pending(action_id, at=at), at=at)

        async def complete_and_execute() -> None:
            pending = await self._get_pending(action_id, at=at)
            if ADMIN_ACTION_RULES[pending.kind].wait is not None:
                account = await self._get_customer(pending.account_id or "")
                entry = await self._record_access(pending, by, at=at)
                await self.announced_actions.announce_action(pending, account, by=by.id, entry_id=entry, at=at)
                return
            action = await self._complete(action_id, AdminActionState.COMPLETED, by, at=at)
            await self.executor.execute(action, await self._get_customer(action.account_id or ""), at=at)

        await self.transact(complete_and_execute)

    async def _complete(
        self, action_id: str, state: AdminActionState, by: StaffMember, *, at: datetime
    ) -> AdminActionDocument:
        action = await self._get_pending(action_id, at=at)
        entry = await self._record_access(action, by, at=at)
        if not await self.admin_actions.complete(action, state, by=by.id, entry_id=entry, at=at):
            raise AdminActionNotPendingError
        return action

    async def _get_pending(self, action_id: str, *, at: datetime) -> AdminActionDocument:
        action = await self._get_action(action_id)
        if action.state is not AdminActionState.PENDING or at >= action.expires_at or action.account_id is None:
            raise AdminActionNotPendingError
        return action

    async def _record_access(self, action: AdminActionDocument, by: StaffMember, *more: str, at: datetime) -> str:
        """Record the access to the account. The basis is the action's id, by which the owner finds the reason."""
        recipient = Recipient(kind="staff", id=by.id, purpose=access_purpose(by), basis=action.id)
        return await self.data_access_log.record(action.account_id or "", [ACCOUNT_ID_FIELD, *more], recipient, at=at)

    async def _get_customer(self, account_id: str) -> AccountDocument:
        account = await self.accounts.get(account_id)
        if account is None or account.roles:  # the operator manages the accounts of staff
            raise AccountNotFoundError
        return account

    async def _get_action(self, action_id: str) -> AdminActionDocument:
        action = await self.admin_actions.get(action_id)
        if action is None:
            raise AdminActionNotFoundError
        return action


def access_purpose(by: StaffMember) -> Purpose:
    """Return the purpose of accesses with these roles."""
    if by.roles & {Role.SUPPORT, Role.ADMIN}:
        return Purpose.SUPPORT
    return Purpose.SECURITY if Role.SECURITY in by.roles else Purpose.LEGAL_DISCLOSURE


def _validate_request(action_request: AdminActionRequest, *, at: datetime) -> None:
    """Raise InvalidInputError if a field that the kind needs is missing, or one that it does not use is set."""
    validate_reason(action_request.reason)
    holds = action_request.kind is AdminActionKind.PLACE_HOLD
    problems = [
        _check_presence(
            "verification",
            action_request.verification is not None,
            ADMIN_ACTION_RULES[action_request.kind].is_owner_requested,
        ),
        _check_presence(
            "new_email", action_request.new_email is not None, action_request.kind is AdminActionKind.CORRECT_EMAIL
        ),
        _check_presence("hold_scope", action_request.hold_scope is not None, holds),
        _check_presence("hold_until", action_request.hold_until is not None, holds),
    ]
    if action_request.hold_until is not None and not at < action_request.hold_until <= at + MAX_HOLD_DURATION:
        problems.append(
            FieldProblem(field="hold_until", code="out_of_range", message="Choose an end within two years.")
        )
    fields = tuple(problem for problem in problems if problem is not None)
    if fields:
        raise InvalidInputError(fields=fields)
    if action_request.new_email is not None:
        EmailAddress(action_request.new_email)


def _check_presence(field: str, is_present: bool, is_needed: bool) -> FieldProblem | None:  # noqa: FBT001 - two facts, one table
    if is_present == is_needed:
        return None
    code, message = (
        ("missing", "This action requires it.") if is_needed else ("not_needed", "This action does not use it.")
    )
    return FieldProblem(field=field, code=code, message=message)
