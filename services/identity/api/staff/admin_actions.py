"""Admin actions on accounts: requested by one member of staff, approved by another (C21, C27)."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from services.identity.api.fields import Email, Reason, get_staff_member
from services.identity.domain.staff.admin_actions import AdminActionKind, AdminActionState, HoldScope, OwnerVerification
from services.identity.errors import (
    AccountNotFoundError,
    AdminActionForbiddenError,
    AdminActionNotApplicableError,
    AdminActionNotFoundError,
    AdminActionNotPendingError,
    DuplicateAdminActionError,
    InvalidReasonError,
)
from services.identity.service.privacy_requests.legal_holds import LegalHoldService, LegalHoldSummary
from services.identity.service.privacy_requests.monitor import PendingPrivacyRequest, PrivacyRequestMonitor
from services.identity.service.staff.admin_actions import (
    AdminActionDetails,
    AdminActionRequest,
    AdminActionService,
)
from shared.clock import rfc3339
from shared.errors import FourEyesError
from shared.mail import InvalidEmailAddressError
from shared.web import (
    SAFE_LINE,
    CursorPage,
    JsonBody,
    PageQuery,
    Paginator,
    RequestContext,
    Route,
    Timestamp,
    View,
    get,
    post,
    staff,
)

_AdminActionKind = Literal[
    "cancel_password",
    "correct_email",
    "freeze",
    "unfreeze",
    "purge_child",
    "place_hold",
    "release_hold",
    "remove_second_factors",
    "export",
    "erase",
]


class AdminActionBody(JsonBody):
    """A request for an action on an account. There is no field for a password on purpose (C27)."""

    kind: _AdminActionKind
    account_id: Annotated[str, Field(pattern=r"^acc_[0-9a-z]{1,40}$"), SAFE_LINE]
    reason: Reason
    verification: Annotated[
        Literal["reply_from_address", "called_back", "in_person"] | None,
        Field(description="how the identity of the owner was verified"),
    ] = None
    new_email: Email | None = None
    hold_scope: Literal["account", "everything"] | None = None
    hold_until: Annotated[AwareDatetime | None, Field(description="at most two years ahead")] = None


class AdminActionsQuery(PageQuery):
    """Filter by state, and page."""

    state: Literal["pending", "waiting", "objected", "completed", "rejected", "expired"] | None = None


class AdminActionSummaryView(View):
    """An action in a list, without its account."""

    admin_action_id: str
    kind: str
    state: str
    reason: str
    verification: str | None
    requested_by: str
    requested_at: Timestamp
    expires_at: Timestamp
    completed_by: str | None
    completed_at: Timestamp | None


class AdminActionView(AdminActionSummaryView):
    """An admin action with its account."""

    account_id: str | None
    needs_second_person: bool
    new_email: Annotated[str | None, Field(description="only while pending, for the requester and approvers")]
    hold_scope: str | None
    hold_until: str | None
    erasure_id: str | None
    takes_effect_at: Annotated[Timestamp | None, Field(description="until then the owner can object")]


class LegalHoldView(View):
    """An active legal hold, without its account."""

    admin_action_id: str
    scope: str
    reason: str
    started_at: Timestamp
    until: str


class PendingPrivacyRequestView(View):
    """An open export or erasure, without its account."""

    id: str
    kind: str
    state: str
    created_at: Timestamp
    deadline: str
    pending_services: list[str]
    reminded_at: Timestamp | None


class PendingPrivacyRequestsView(View):
    """The open privacy requests, the first due first."""

    items: list[PendingPrivacyRequestView]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminActionsApi:
    """HTTP handlers of admin actions, legal holds and open privacy requests."""

    admin_action_service: AdminActionService
    legal_hold_service: LegalHoldService
    monitor: PrivacyRequestMonitor
    paginator: Paginator

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root, colleagues = "/v1/identity/admin-actions", staff("support", "disclosure", "security", "admin")
        settling = (
            AdminActionNotFoundError,
            AdminActionNotPendingError,
            AdminActionForbiddenError,
            FourEyesError,
            AdminActionNotApplicableError,
        )
        return (
            post(
                root,
                self.request_admin_action,
                access=colleagues,
                status=201,
                idempotent=True,
                errors=(
                    AccountNotFoundError,
                    AdminActionForbiddenError,
                    DuplicateAdminActionError,
                    AdminActionNotApplicableError,
                    InvalidReasonError,
                    InvalidEmailAddressError,
                ),
            ),
            get(root, self.list_admin_actions, access=colleagues, replies=CursorPage[AdminActionSummaryView]),
            get(
                f"{root}/{{admin_action_id}}",
                self.get_admin_action,
                access=colleagues,
                errors=(AdminActionNotFoundError,),
            ),
            post(
                f"{root}/{{admin_action_id}}/approvals",
                self.approve_admin_action,
                access=colleagues,
                idempotent=True,
                errors=(*settling, AccountNotFoundError),
            ),
            post(
                f"{root}/{{admin_action_id}}/rejections",
                self.reject_admin_action,
                access=colleagues,
                idempotent=True,
                errors=settling,
            ),
            get(
                "/v1/identity/legal-holds", self.list_legal_holds, access=colleagues, replies=CursorPage[LegalHoldView]
            ),
            get("/v1/identity/privacy-requests", self.list_privacy_requests, access=colleagues),
        )

    async def request_admin_action(self, call: RequestContext, body: AdminActionBody) -> AdminActionView:
        """Request an admin action. All but a freeze need the approval of a second person within 72 hours."""
        request = AdminActionRequest(
            kind=AdminActionKind(body.kind),
            account_id=body.account_id,
            reason=body.reason,
            verification=OwnerVerification(body.verification) if body.verification else None,
            new_email=body.new_email,
            hold_scope=HoldScope(body.hold_scope) if body.hold_scope else None,
            hold_until=body.hold_until,
        )
        return _action_view(
            await self.admin_action_service.request(
                request, by=get_staff_member(call), idempotency_key=call.idempotency_key, at=call.now
            )
        )

    async def list_admin_actions(
        self, call: RequestContext, query: AdminActionsQuery
    ) -> CursorPage[AdminActionSummaryView]:
        """List admin actions, optionally by state."""
        state = AdminActionState(query.state) if query.state else None
        found = await self.admin_action_service.list_page(
            state, after=self.paginator.decode_cursor(call, query), limit=query.limit + 1
        )
        return self.paginator.render(call, query, found, view=_summary_view, position=lambda record: record.action.id)

    async def get_admin_action(self, call: RequestContext) -> AdminActionView:
        """Get an admin action. The account owner sees the access."""
        return _action_view(
            await self.admin_action_service.read(call.path["admin_action_id"], by=get_staff_member(call), at=call.now)
        )

    async def approve_admin_action(self, call: RequestContext) -> AdminActionView:
        """Approve an action of a colleague. It is carried out once, at once.

        Removing second factors, an export and an erasure wait for five days, in which the owner is told and can object.
        """
        return _action_view(
            await self.admin_action_service.approve(
                call.path["admin_action_id"], by=get_staff_member(call), at=call.now
            )
        )

    async def reject_admin_action(self, call: RequestContext) -> AdminActionView:
        """Reject an action, or withdraw your own."""
        return _action_view(
            await self.admin_action_service.reject(call.path["admin_action_id"], by=get_staff_member(call), at=call.now)
        )

    async def list_legal_holds(self, call: RequestContext, query: PageQuery) -> CursorPage[LegalHoldView]:
        """List the active legal holds with reason and end, without accounts."""
        found = await self.legal_hold_service.list_active(
            at=call.now, after=self.paginator.decode_cursor(call, query), limit=query.limit + 1
        )
        return self.paginator.render(call, query, found, view=_legal_hold_view, position=lambda record: record.hold.id)

    async def list_privacy_requests(self, _call: RequestContext) -> PendingPrivacyRequestsView:
        """List the open exports and erasures, and the services they wait for."""
        return PendingPrivacyRequestsView(
            items=[_privacy_request_view(one) for one in await self.monitor.list_pending()]
        )


def _summary_view(record: AdminActionDetails) -> AdminActionSummaryView:
    action = record.action
    return AdminActionSummaryView(
        admin_action_id=action.id,
        kind=action.kind,
        state=action.state,
        reason=action.reason,
        verification=action.verification,
        requested_by=action.requested_by,
        requested_at=rfc3339(action.requested_at),
        expires_at=rfc3339(action.expires_at),
        completed_by=action.completed_by,
        completed_at=rfc3339(action.completed_at) if action.completed_at else None,
    )


def _action_view(record: AdminActionDetails) -> AdminActionView:
    action = record.action
    return AdminActionView(
        **_summary_view(record).model_dump(),
        account_id=action.account_id,
        needs_second_person=record.needs_approval,
        new_email=record.new_email,
        hold_scope=action.hold_scope,
        hold_until=rfc3339(action.hold_until) if action.hold_until else None,
        erasure_id=action.erasure_id,
        takes_effect_at=rfc3339(action.takes_effect_at) if action.takes_effect_at else None,
    )


def _legal_hold_view(record: LegalHoldSummary) -> LegalHoldView:
    hold = record.hold
    return LegalHoldView(
        admin_action_id=hold.id,
        scope=hold.scope,
        reason=hold.reason,
        started_at=rfc3339(hold.started_at),
        until=rfc3339(hold.until),
    )


def _privacy_request_view(request: PendingPrivacyRequest) -> PendingPrivacyRequestView:
    return PendingPrivacyRequestView(
        id=request.id,
        kind=request.kind,
        state=request.state,
        created_at=rfc3339(request.created_at),
        deadline=rfc3339(request.deadline),
        pending_services=request.pending_services,
        reminded_at=rfc3339(request.reminded_at) if request.reminded_at else None,
    )
