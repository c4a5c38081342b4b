"""The HTTP API of payments."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from services.payments.domain import CURRENCIES, Card, Charge, Money
from services.payments.errors import (
    CardDeclinedError,
    CardDecryptionError,
    CardNotFoundError,
    CardNumberInDescriptionError,
    CardPayloadRejectedError,
    ChargeNotFoundError,
    InvalidCardError,
    PaymentPendingError,
    ProcessorUnavailableError,
    RefundExceedsChargeError,
)
from services.payments.service import CardService, ChargeRequest, ChargeService, RefundService
from shared.clock import rfc3339
from shared.formatting import MINOR_UNITS
from shared.mongo import encode_position
from shared.web import (
    PUBLIC,
    CursorPage,
    JsonBody,
    PageQuery,
    Paginator,
    RateLimit,
    RequestContext,
    Route,
    Timestamp,
    View,
    customer,
    delete,
    get,
    post,
)

Amount = Annotated[int, Field(ge=1, le=10_000_000, description="minor units of the currency")]
Currency = Annotated[str, Field(pattern=rf"^({'|'.join(CURRENCIES)})$", description="ISO 4217")]
CARD_RATE_LIMIT = RateLimit(30, timedelta(hours=1), "cards")
"""A customer stores a few cards; an attacker who tests stolen numbers needs many tries."""
PAYMENT_RATE_LIMIT = RateLimit(120, timedelta(hours=1), "payments")


class StoreCardBody(JsonBody):
    """A card as a compact JWE, so that the edge and the logs see ciphertext only."""

    jwe: Annotated[str, Field(min_length=10, max_length=4096)]


class ChargeBody(JsonBody):
    """A charge of one of the account's cards."""

    card_id: Annotated[str, Field(pattern=r"^tok_[0-9a-z]{26}$")]
    amount: Amount
    currency: Currency
    description: Annotated[str, Field(max_length=200)] = ""


class RefundBody(JsonBody):
    """A refund of a charge, in full or in part."""

    amount: Amount


class EncryptionKeyView(View):
    """The public key for encrypting cards, as a JWK (RFC 7517)."""

    kty: str
    crv: str
    x: str
    y: str
    kid: str
    use: str
    alg: str


class CardView(View):
    """A stored card."""

    card_id: str
    last4: str
    exp_month: int
    exp_year: int
    brand: str


class ChargeView(View):
    """A charge. Amounts are in minor units; *minor_units* is the number of their decimals."""

    charge_id: str
    state: str
    amount: int
    amount_refunded: int
    currency: str
    minor_units: int
    description: str
    created_at: Timestamp


class RefundView(View):
    """A refund; *amount_refunded* is the total of all refunds of the charge."""

    refund_id: str
    charge_id: str
    state: str
    amount: int
    amount_refunded: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsApi:
    """The handlers of payments."""

    card_service: CardService
    charge_service: ChargeService
    refund_service: RefundService
    paginator: Paginator

    def build_routes(self) -> tuple[Route, ...]:
        """Return all routes of payments."""
        root = "/v1/payments"
        return (
            get(
                f"{root}/encryption-key",
                self.get_encryption_key,
                access=PUBLIC,
                summary="Get the encryption key for cards",
            ),
            *self._card_routes(f"{root}/cards"),
            *self._charge_routes(f"{root}/charges"),
        )

    def _card_routes(self, root: str) -> tuple[Route, ...]:
        return (
            post(
                root,
                self.store_card,
                access=customer(),
                status=201,
                idempotent=True,
                limit=CARD_RATE_LIMIT,
                summary="Store a card",
                errors=(
                    CardDecryptionError,
                    CardPayloadRejectedError,
                    InvalidCardError,
                    CardDeclinedError,
                    ProcessorUnavailableError,
                ),
            ),
            get(root, self.list_cards, access=customer(), summary="List your cards, newest first"),
            delete(
                f"{root}/{{card_id}}",
                self.delete_card,
                access=customer(),
                status=204,
                summary="Delete a card",
                errors=(CardNotFoundError,),
            ),
        )

    def _charge_routes(self, root: str) -> tuple[Route, ...]:
        return (
            post(
                root,
                self.create_charge,
                access=customer(),
                status=201,
                idempotent=True,
                limit=PAYMENT_RATE_LIMIT,
                summary="Charge a card",
                errors=(CardNotFoundError, CardDeclinedError, CardNumberInDescriptionError, PaymentPendingError),
            ),
            get(root, self.list_charges, access=customer(), summary="List your charges, newest first"),
            post(
                f"{root}/{{charge_id}}/refunds",
                self.create_refund,
                access=customer(),
                status=201,
                idempotent=True,
                limit=PAYMENT_RATE_LIMIT,
                summary="Refund a charge, in full or in part",
                errors=(ChargeNotFoundError, RefundExceedsChargeError, CardDeclinedError, PaymentPendingError),
            ),
        )

    async def get_encryption_key(self, _call: RequestContext) -> EncryptionKeyView:
        """Return the public key for encrypting cards; it changes with each rotation."""
        return EncryptionKeyView(**self.card_service.public_key())

    async def store_card(self, call: RequestContext, body: StoreCardBody) -> CardView:
        """Store a card as its last four digits and expiry date."""
        return _card_view(
            await self.card_service.tokenize(
                call.principal.id, body.jwe, idempotency_key=call.idempotency_key, at=call.now
            )
        )

    async def list_cards(self, call: RequestContext, query: PageQuery) -> CursorPage[CardView]:
        """List the cards of the account."""
        found = await self.card_service.list_by_account(
            call.principal.id, after=self.paginator.decode_cursor(call, query), limit=query.limit + 1
        )
        return self.paginator.render(
            call, query, found, view=_card_view, position=lambda card: encode_position(card.created_at, card.card_id)
        )

    async def delete_card(self, call: RequestContext) -> None:
        """Delete a card."""
        await self.card_service.delete(call.principal.id, call.path["card_id"])

    async def create_charge(self, call: RequestContext, body: ChargeBody) -> ChargeView:
        """Charge a card."""
        request = ChargeRequest(
            account_id=call.principal.id,
            card_id=body.card_id,
            price=Money(amount=body.amount, currency=body.currency),
            description=body.description,
        )
        return _charge_view(
            await self.charge_service.create(request, idempotency_key=call.idempotency_key, at=call.now)
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
            view=_charge_view,
            position=lambda charge: encode_position(charge.created_at, charge.charge_id),
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


def _card_view(card: Card) -> CardView:
    return CardView(
        card_id=card.card_id,
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        brand=card.brand.value,
    )


def _charge_view(charge: Charge) -> ChargeView:
    return ChargeView(
        charge_id=charge.charge_id,
        state=charge.state.value,
        amount=charge.price.amount,
        amount_refunded=charge.amount_refunded,
        currency=charge.price.currency,
        minor_units=MINOR_UNITS[charge.price.currency],
        description=charge.description,
        created_at=rfc3339(charge.created_at),
    )
