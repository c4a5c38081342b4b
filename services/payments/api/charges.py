"""Charges over HTTP."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from services.payments.api.fields import PAYMENT_RATE_LIMIT, Amount, Currency
from services.payments.domain import Charge, Money
from services.payments.errors import (
    CardAttemptsExceededError,
    CardDeclinedError,
    CardNotFoundError,
    ChargeConflictedError,
    ChargeNotCapturableError,
    ChargeNotFoundError,
    ChargeNotRetryableError,
    ChargeNotVoidableError,
    DuplicateOrderError,
    PaymentPendingError,
    ProcessorUnavailableError,
    UnsupportedAmountError,
    UnsupportedCurrencyError,
)
from services.payments.service import ChargeRequest, ChargeService, StaffChargeService
from shared.clock import rfc3339
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

CardId = Annotated[str, Field(pattern=r"^tok_[0-9a-z]{26}$"), OpaqueText("looked up")]


class ChargeBody(JsonBody):
    """A charge of one of the account's cards."""

    card_id: CardId
    amount: Amount
    currency: Currency
    description: Annotated[str, Field(max_length=200), SAFE_LINE] = ""
    capture: Annotated[
        Literal["automatic", "manual"],
        Field(description="manual: the amount is authorized, and captured or voided later"),
    ] = "automatic"
    allow_duplicate: Annotated[
        bool, Field(description="charge although a charge of the same card and amount is pending")
    ] = False


class AttemptBody(JsonBody):
    """Another attempt at a failed charge."""

    card_id: CardId


class CaptureBody(JsonBody):
    """A capture of an authorized charge; without an amount all of it. The rest is released."""

    amount: Amount | None = None


class ChargeView(View):
    """A charge. Amounts are in minor units; *minor_units* is the number of their decimals."""

    charge_id: str
    card_id: Annotated[str, Field(description="the card of the last attempt; it may have been deleted since")]
    state: str
    amount: int
    amount_authorized: int
    amount_captured: int
    amount_released: int
    amount_refunded: int
    amount_refundable: int
    currency: str
    minor_units: int
    description: str
    dispute_state: str
    decline_reason: str | None
    action_url: Annotated[str | None, Field(description="where to authenticate, while state is requires_action")]
    attempt_count: int
    created_at: Timestamp


_CHARGE_ERRORS = (
    CardAttemptsExceededError,
    CardNotFoundError,
    CardDeclinedError,
    ChargeConflictedError,
    PaymentPendingError,
    ProcessorUnavailableError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargesApi:
    """The handlers of charges."""

    charge_service: ChargeService
    staff_charge_service: StaffChargeService
    paginator: Paginator

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes of charges."""
        root = "/v1/payments/charges"
        return (*self._list_order_routes(root), *self._list_staff_routes(f"{root}/{{charge_id}}"))

    def _list_order_routes(self, root: str) -> tuple[Route, ...]:
        return (
            post(
                root,
                self.create_charge,
                access=customer(),
                status=201,
                idempotent=True,
                limit=PAYMENT_RATE_LIMIT,
                summary="Charge a card",
                errors=(
                    *_CHARGE_ERRORS,
                    DuplicateOrderError,
                    UnsupportedAmountError,
                    UnsupportedCurrencyError,
                ),
            ),
            get(root, self.list_charges, access=customer(), summary="List your charges, newest first"),
            get(
                f"{root}/{{charge_id}}",
                self.get_charge,
                access=customer(),
                summary="Get a charge",
                errors=(ChargeNotFoundError,),
            ),
            post(
                f"{root}/{{charge_id}}/attempts",
                self.retry_charge,
                access=customer(),
                status=201,
                idempotent=True,
                limit=PAYMENT_RATE_LIMIT,
                summary="Try a failed charge again",
                errors=(*_CHARGE_ERRORS, ChargeNotFoundError, ChargeNotRetryableError),
            ),
        )

    def _list_staff_routes(self, root: str) -> tuple[Route, ...]:
        return (
            post(
                f"{root}/capture",
                self.capture_charge,
                access=staff("support"),
                idempotent=True,
                summary="Capture an authorized charge, in full or in part",
                errors=(
                    ChargeNotFoundError,
                    ChargeNotCapturableError,
                    ChargeConflictedError,
                    UnsupportedAmountError,
                    PaymentPendingError,
                ),
            ),
            post(
                f"{root}/void",
                self.void_charge,
                access=staff("support"),
                idempotent=True,
                summary="Void an authorized charge",
                errors=(ChargeNotFoundError, ChargeNotVoidableError, PaymentPendingError),
            ),
        )

    async def create_charge(self, call: RequestContext, body: ChargeBody) -> ChargeView:
        """Charge a card, or authorize it."""
        request = ChargeRequest(
            account_id=call.principal.id,
            card_id=body.card_id,
            price=Money(amount=body.amount, currency=body.currency),
            description=body.description,
            is_capture_automatic=body.capture == "automatic",
            allow_duplicate=body.allow_duplicate,
            client_address=call.client_address,
        )
        return render_charge(
            await self.charge_service.create(request, idempotency_key=call.idempotency_key, at=call.now)
        )

    async def retry_charge(self, call: RequestContext, body: AttemptBody) -> ChargeView:
        """Try a failed charge again, with the same card or another one."""
        return render_charge(
            await self.charge_service.create_attempt(
                call.principal.id,
                call.path["charge_id"],
                body.card_id,
                idempotency_key=call.idempotency_key,
                at=call.now,
                client_address=call.client_address,
            )
        )

    async def get_charge(self, call: RequestContext) -> ChargeView:
        """Get a charge of the account; one that requires an action is read from the processor first."""
        return render_charge(
            await self.charge_service.get_current(call.principal.id, call.path["charge_id"], at=call.now)
        )

    async def list_charges(self, call: RequestContext, query: PageQuery) -> CursorPage[ChargeView]:
        """List the charges of the account."""
        found = await self.charge_service.list_by_account(
            call.principal.id, after=self.paginator.decode_cursor(call, query), limit=query.limit + 1
        )
        return self.paginator.render(
            call,
            query,
            found,
            view=render_charge,
            position=lambda charge: encode_position(charge.created_at, charge.charge_id),
        )

    async def capture_charge(self, call: RequestContext, body: CaptureBody) -> ChargeView:
        """Capture an authorized charge; what is not captured is released. The owner of the account sees the act."""
        return render_charge(
            await self.staff_charge_service.capture(
                call.path["charge_id"], body.amount, by=call.principal.id, at=call.now
            )
        )

    async def void_charge(self, call: RequestContext) -> ChargeView:
        """Release an authorized charge, or end one that awaits an authentication. The owner sees the act."""
        return render_charge(
            await self.staff_charge_service.void_charge(call.path["charge_id"], by=call.principal.id, at=call.now)
        )


def render_charge(charge: Charge) -> ChargeView:
    """Return a charge as customers see it."""
    return ChargeView(
        charge_id=charge.charge_id,
        card_id=charge.card_id,
        state=charge.state.value,
        amount=charge.price.amount,
        amount_authorized=charge.amount_authorized,
        amount_captured=charge.amount_captured,
        amount_released=charge.amount_released,
        amount_refunded=charge.amount_refunded,
        amount_refundable=charge.amount_refundable,
        currency=charge.price.currency,
        minor_units=MINOR_UNITS[charge.price.currency],
        description=charge.description,
        dispute_state=charge.dispute_state.value,
        decline_reason=charge.decline_reason.shown.value if charge.decline_reason else None,
        action_url=charge.action_url or None,
        attempt_count=charge.attempt_count,
        created_at=rfc3339(charge.created_at),
    )
