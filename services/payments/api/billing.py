"""Billing for staff: the records of an account for a purpose, and disputes."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from services.payments.api.cards import CardView, render_card
from services.payments.api.charges import ChargeView, render_charge
from services.payments.api.refunds import RefundView, render_refund
from services.payments.domain.disputes import Dispute
from services.payments.service import BillingRecords
from shared.clock import rfc3339
from shared.formatting import MINOR_UNITS
from shared.mongo import encode_position
from shared.policy import Purpose
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

_STAFF = staff("support", "admin")


class BillingRecordBody(JsonBody):
    """Whose records are needed, and why. The owner of the account sees both."""

    account_id: Annotated[str, Field(pattern=r"^acc_[0-9a-z]{1,40}$"), SAFE_LINE]
    purpose: Literal["billing_question", "refund", "credit"]
    basis: Annotated[
        str,
        Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._#/-]{2,79}$", description="the number of the case"),
        SAFE_LINE,
    ]


class DisputeView(View):
    """A dispute of a charge."""

    dispute_id: str
    charge_id: str
    state: str
    reason: Annotated[str, Field(description="as the bank names it")]
    amount: int
    currency: str
    minor_units: int
    created_at: Timestamp
    updated_at: Timestamp


class BillingRecordView(View):
    """The cards of an account, and its newest charges, refunds and disputes."""

    entry_id: Annotated[str, Field(description="the entry in the ledger")]
    cards: list[CardView]
    charges: list[ChargeView]
    refunds: list[RefundView]
    disputes: list[DisputeView]


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingApi:
    """The handlers of billing records and disputes."""

    billing_records: BillingRecords
    paginator: Paginator

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes of billing."""
        return (
            post(
                "/v1/payments/billing-records",
                self.read_billing_record,
                access=_STAFF,
                summary="Read the cards and payments of an account, on record",
            ),
            get(
                "/v1/payments/disputes",
                self.list_disputes,
                access=_STAFF,
                replies=CursorPage[DisputeView],
                summary="List the disputes, newest first",
            ),
        )

    async def read_billing_record(self, call: RequestContext, body: BillingRecordBody) -> BillingRecordView:
        """Read the cards and payments of an account for a purpose; the owner of the account sees the access."""
        record = await self.billing_records.read(
            body.account_id, Purpose(body.purpose), basis=body.basis, by=call.principal.id, at=call.now
        )
        return BillingRecordView(
            entry_id=record.entry_id,
            cards=[render_card(card) for card in record.cards],
            charges=[render_charge(charge) for charge in record.charges],
            refunds=[render_refund(refund) for refund in record.refunds],
            disputes=[_dispute_view(dispute) for dispute in record.disputes],
        )

    async def list_disputes(self, call: RequestContext, query: PageQuery) -> CursorPage[DisputeView]:
        """List the disputes of all accounts, without the accounts."""
        found = await self.billing_records.list_disputes(
            after=self.paginator.decode_cursor(call, query), limit=query.limit + 1
        )
        return self.paginator.render(
            call,
            query,
            found,
            view=_dispute_view,
            position=lambda dispute: encode_position(dispute.created_at, dispute.dispute_id),
        )


def _dispute_view(dispute: Dispute) -> DisputeView:
    return DisputeView(
        dispute_id=dispute.dispute_id,
        charge_id=dispute.charge_id,
        state=dispute.state.value,
        reason=dispute.reason,
        amount=dispute.price.amount,
        currency=dispute.price.currency,
        minor_units=MINOR_UNITS[dispute.price.currency],
        created_at=rfc3339(dispute.created_at),
        updated_at=rfc3339(dispute.updated_at),
    )
