"""Refunds and credits over HTTP: customers ask and follow, staff decide."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from services.payments.api.fields import PAYMENT_RATE_LIMIT, Amount
from services.payments.domain import Refund, RefundKind, RefundState
from services.payments.errors import (
    ChargeConflictedError,
    ChargeDisputedError,
    ChargeNotFoundError,
    ChargeNotRefundableError,
    RefundExceedsChargeError,
    RefundNotFoundError,
    RefundNotOpenError,
    TooManyRefundsError,
)
from services.payments.service import RefundOrder, RefundRequests, RefundService
from shared.clock import rfc3339
from shared.errors import FourEyesError
from shared.formatting import MINOR_UNITS
from shared.mongo import encode_position
from shared.web import (
    SAFE_LINE,
    CursorPage,
    JsonBody,
    OpaqueText,
    PageQuery,
    Paginator,
    RequestContext,
    Route,
    Timestamp,
    View,
    customer,
    get,
    post,
    staff,
)

Reason = Annotated[str, Field(min_length=3, max_length=200), SAFE_LINE]
_STAFF = staff("support", "admin")
_NOT_REFUNDABLE = (
    ChargeNotFoundError,
    ChargeNotRefundableError,
    ChargeConflictedError,
    ChargeDisputedError,
    RefundExceedsChargeError,
    TooManyRefundsError,
)


class RefundRequestBody(JsonBody):
    """A refund that the customer asks for."""

    amount: Amount
    reason: Reason


class RefundBody(JsonBody):
    """A refund or credit that staff start. A credit is goodwill: the sale stays a sale."""

    charge_id: Annotated[str, Field(pattern=r"^chg_[0-9a-z]{26}$"), OpaqueText("looked up")]
    kind: Literal["refund", "credit"] = "refund"
    amount: Amount
    reason: Annotated[Reason, Field(description="the number of the case and the cause; the customer sees it")]


class RejectionBody(JsonBody):
    """Why a request is rejected; the customer sees it."""

    reason: Reason


class RefundsQuery(PageQuery):
    """Filter by state, and page."""

    state: Literal["requested", "pending", "succeeded", "failed", "rejected", "withdrawn", "expired"] | None = None


class RefundView(View):
    """A refund or credit."""

    refund_id: str
    charge_id: str
    kind: str
    state: str
    amount: int
    currency: str
    minor_units: int
    reason: str
    rejection_reason: str
    failure_reason: Annotated[str, Field(description="why the processor or the bank did not take it")]
    acquirer_reference: Annotated[str, Field(description="what your bank finds the refund by (ARN)")]
    is_withdrawable: Annotated[bool, Field(description="whether it is your own request, and not decided")]
    created_at: Timestamp
    completed_at: Timestamp | None


class RefundListView(View):
    """The refunds and credits of a charge, newest first."""

    items: list[RefundView]


class StaffRefundSummaryView(RefundView):
    """A refund or credit in a list for staff, without its account."""

    requested_by: Annotated[str, Field(description="customer, processor, or the id of a member of staff")]
    approved_by: list[str]


class StaffRefundView(StaffRefundSummaryView):
    """A refund or credit with its account."""

    account_id: str
    needs_second_person: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundsApi:
    """The handlers of refunds and credits."""

    refund_service: RefundService
    refund_requests: RefundRequests
    paginator: Paginator

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes of refunds and credits."""
        charge = "/v1/payments/charges/{charge_id}"
        return (
            post(
                f"{charge}/refund-requests",
                self.request_refund,
                access=customer(),
                status=201,
                idempotent=True,
                limit=PAYMENT_RATE_LIMIT,
                summary="Ask for a refund, in full or in part",
                errors=_NOT_REFUNDABLE,
            ),
            post(
                f"{charge}/refund-requests/{{refund_id}}/withdrawals",
                self.withdraw_refund_request,
                access=customer(),
                idempotent=True,
                limit=PAYMENT_RATE_LIMIT,
                errors=(RefundNotFoundError, RefundNotOpenError),
            ),
            get(
                f"{charge}/refunds",
                self.list_charge_refunds,
                access=customer(),
                summary="List the refunds and credits of a charge, newest first",
                errors=(ChargeNotFoundError,),
            ),
            *self._list_staff_routes("/v1/payments/refunds"),
        )

    def _list_staff_routes(self, root: str) -> tuple[Route, ...]:
        one = f"{root}/{{refund_id}}"
        return (
            post(
                root,
                self.create_refund,
                access=_STAFF,
                status=201,
                idempotent=True,
                limit=PAYMENT_RATE_LIMIT,
                summary="Refund a charge, or grant a credit",
                errors=_NOT_REFUNDABLE,
            ),
            get(root, self.list_refunds, access=_STAFF, replies=CursorPage[StaffRefundSummaryView]),
            get(one, self.get_refund, access=_STAFF, errors=(RefundNotFoundError,)),
            post(
                f"{one}/approvals",
                self.approve_refund,
                access=_STAFF,
                idempotent=True,
                limit=PAYMENT_RATE_LIMIT,
                errors=(RefundNotFoundError, RefundNotOpenError, FourEyesError, *_NOT_REFUNDABLE),
            ),
            post(
                f"{one}/rejections",
                self.reject_refund,
                access=_STAFF,
                idempotent=True,
                errors=(RefundNotFoundError, RefundNotOpenError),
            ),
        )

    async def request_refund(self, call: RequestContext, body: RefundRequestBody) -> RefundView:
        """Ask for a refund of a charge of your account; our staff decide."""
        order = RefundOrder(charge_id=call.path["charge_id"], amount=body.amount, reason=body.reason)
        return render_refund(
            await self.refund_service.request(
                call.principal.id, order, idempotency_key=call.idempotency_key, at=call.now
            )
        )

    async def withdraw_refund_request(self, call: RequestContext) -> RefundView:
        """Withdraw a refund request of your account, while it is not decided."""
        return render_refund(
            await self.refund_requests.withdraw_request(
                call.principal.id, call.path["charge_id"], call.path["refund_id"], at=call.now
            )
        )

    async def list_charge_refunds(self, call: RequestContext) -> RefundListView:
        """List the refunds and credits of a charge of your account, with their states."""
        found = await self.refund_service.list_by_charge(call.principal.id, call.path["charge_id"])
        return RefundListView(items=[render_refund(refund) for refund in found])

    async def create_refund(self, call: RequestContext, body: RefundBody) -> StaffRefundView:
        """Refund a charge, or grant a credit.

        It is the first approval. Up to a limit one person decides alone; above it, and for every credit, a second
        person must approve. The owner of the account sees the act and its reason.
        """
        order = RefundOrder(
            charge_id=body.charge_id, amount=body.amount, reason=body.reason, kind=RefundKind(body.kind)
        )
        return _staff_view(
            await self.refund_service.create(
                order, by=call.principal.id, idempotency_key=call.idempotency_key, at=call.now
            )
        )

    async def list_refunds(self, call: RequestContext, query: RefundsQuery) -> CursorPage[StaffRefundSummaryView]:
        """List refunds and credits, newest first, optionally by state."""
        found = await self.refund_service.list_page(
            RefundState(query.state) if query.state else None,
            after=self.paginator.decode_cursor(call, query),
            limit=query.limit + 1,
        )
        return self.paginator.render(
            call,
            query,
            found,
            view=_summary_view,
            position=lambda refund: encode_position(refund.created_at, refund.refund_id),
        )

    async def get_refund(self, call: RequestContext) -> StaffRefundView:
        """Get a refund or credit with its account. The owner of the account sees the access."""
        return _staff_view(await self.refund_service.read(call.path["refund_id"], by=call.principal.id, at=call.now))

    async def approve_refund(self, call: RequestContext) -> StaffRefundView:
        """Approve a refund or credit. With enough approvals it is carried out at once, and only once."""
        return _staff_view(await self.refund_service.approve(call.path["refund_id"], by=call.principal.id, at=call.now))

    async def reject_refund(self, call: RequestContext, body: RejectionBody) -> StaffRefundView:
        """Reject a refund or credit; a customer who asked for it is told."""
        return _staff_view(
            await self.refund_service.reject(
                call.path["refund_id"], by=call.principal.id, reason=body.reason, at=call.now
            )
        )


def render_refund(refund: Refund) -> RefundView:
    """Return a refund or credit as customers see it."""
    return RefundView(
        refund_id=refund.refund_id,
        charge_id=refund.charge_id,
        kind=refund.kind.value,
        state=refund.state.value,
        amount=refund.price.amount,
        currency=refund.price.currency,
        minor_units=MINOR_UNITS[refund.price.currency],
        reason=refund.reason,
        rejection_reason=refund.rejection_reason,
        failure_reason=refund.failure_reason,
        acquirer_reference=refund.acquirer_reference,
        is_withdrawable=refund.is_withdrawable,
        created_at=rfc3339(refund.created_at),
        completed_at=rfc3339(refund.completed_at) if refund.completed_at else None,
    )


def _summary_view(refund: Refund) -> StaffRefundSummaryView:
    return StaffRefundSummaryView(
        **render_refund(refund).model_dump(), requested_by=refund.requested_by, approved_by=list(refund.approved_by)
    )


def _staff_view(refund: Refund) -> StaffRefundView:
    return StaffRefundView(
        **_summary_view(refund).model_dump(),
        account_id=refund.account_id,
        needs_second_person=refund.state is RefundState.REQUESTED and bool(refund.approved_by),
    )
