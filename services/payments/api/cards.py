"""Cards over HTTP."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from services.payments.domain import Card
from services.payments.errors import (
    CardDeclinedError,
    CardDecryptionError,
    CardNotFoundError,
    CardPayloadRejectedError,
    InvalidCardError,
    ProcessorUnavailableError,
)
from services.payments.service import CardService
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
    View,
    customer,
    delete,
    get,
    post,
)

CARD_RATE_LIMIT = RateLimit(30, timedelta(hours=1), "cards")
"""A customer stores a few cards; an attacker who tests stolen numbers needs many tries."""


class StoreCardBody(JsonBody):
    """A card as a compact JWE, so that the edge and the logs see ciphertext only."""

    jwe: Annotated[str, Field(min_length=10, max_length=4096)]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CardsApi:
    """The handlers of cards."""

    card_service: CardService
    paginator: Paginator

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes of cards."""
        root = "/v1/payments"
        cards = f"{root}/cards"
        return (
            get(
                f"{root}/encryption-key",
                self.get_encryption_key,
                access=PUBLIC,
                summary="Get the encryption key for cards",
            ),
            post(
                cards,
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
            get(cards, self.list_cards, access=customer(), summary="List your cards, newest first"),
            delete(
                f"{cards}/{{card_id}}",
                self.delete_card,
                access=customer(),
                status=204,
                summary="Delete a card",
                errors=(CardNotFoundError,),
            ),
        )

    async def get_encryption_key(self, _call: RequestContext) -> EncryptionKeyView:
        """Return the public key for encrypting cards; it changes with each rotation."""
        return EncryptionKeyView(**self.card_service.public_key())

    async def store_card(self, call: RequestContext, body: StoreCardBody) -> CardView:
        """Store a card as its last four digits and expiry date."""
        return render_card(
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
            call, query, found, view=render_card, position=lambda card: encode_position(card.created_at, card.card_id)
        )

    async def delete_card(self, call: RequestContext) -> None:
        """Delete a card."""
        await self.card_service.delete(call.principal.id, call.path["card_id"])


def render_card(card: Card) -> CardView:
    """Return a card as customers see it."""
    return CardView(
        card_id=card.card_id,
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        brand=card.brand.value,
    )
