"""Refunds over HTTP."""

from dataclasses import dataclass

from services.payments.api.fields import PAYMENT_RATE_LIMIT, Amount
from services.payments.domain import Refund
from services.payments.errors import (
    CardDeclinedError,
    ChargeNotFoundError,
    PaymentPendingError,
    RefundExceedsChargeError,
)
from services.payments.service import RefundService
from shared.clock import rfc3339
from shared.mongo import encode_position
from shared.web import (
    CursorPage,
    JsonBody,
    PageQuery,
    Paginator,
    RequestContext,
    Route,
    Timestamp,
    View,
    customer,
    get,
    post,
)


class RefundBody(JsonBody):
    """A refund of a charge, in full or in part."""

    amount: Amount


class RefundView(View):
    """A refund; *amount_refunded* is the total of all refunds of the charge."""

    refund_id: str
    charge_id: str
    state: str
    amount: int
    amount_refunded: int
    currency: str


class ListedRefundView(View):
    """A refund of a charge."""

    refund_id: str
    charge_id: str
    state: str
    amount: int
    currency: str
    created_at: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundsApi:
    """The handlers of refunds."""

    refund_service: RefundService
    paginator: Paginator

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes of refunds."""
        refunds = "/v1/payments/charges/{charge_id}/refunds"
        return (
            post(
                refunds,
                self.create_refund,
                access=customer(),
                status=201,
                idempotent=True,
                limit=PAYMENT_RATE_LIMIT,
                summary="Refund a charge, in full or in part",
                errors=(ChargeNotFoundError, RefundExceedsChargeError, CardDeclinedError, PaymentPendingError),
            ),
            get(
                refunds,
                self.list_refunds,
                access=customer(),
                summary="List the refunds of a charge, newest first",
                errors=(ChargeNotFoundError,),
            ),
        )

    async def create_refund(self, call: RequestContext, body: RefundBody) -> RefundView:
        """Refund a charge, in full or in part."""
        refund, charge = await self.refund_service.create(
            call.principal.id, call.path["charge_id"], body.amount, idempotency_key=call.idempotency_key, at=call.now
        )
        return RefundView(
            refund_id=refund.refund_id,
            charge_id=refund.charge_id,
            state=refund.state.value,
            amount=refund.price.amount,
            amount_refunded=charge.amount_refunded,
            currency=refund.price.currency,
        )

    async def list_refunds(self, call: RequestContext, query: PageQuery) -> CursorPage[ListedRefundView]:
        """List the refunds of a charge."""
        found = await self.refund_service.list_by_charge(
            call.principal.id,
            call.path["charge_id"],
            after=self.paginator.decode_cursor(call, query),
            limit=query.limit + 1,
        )
        return self.paginator.render(
            call,
            query,
            found,
            view=_refund_view,
            position=lambda refund: encode_position(refund.created_at, refund.refund_id),
        )


def _refund_view(refund: Refund) -> ListedRefundView:
    return ListedRefundView(
        refund_id=refund.refund_id,
        charge_id=refund.charge_id,
        state=refund.state.value,
        amount=refund.price.amount,
        currency=refund.price.currency,
        created_at=rfc3339(refund.created_at),
    )
