"""Cards over HTTP."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from services.payments.domain import Card, CardEntry
from services.payments.errors import (
    CardAttemptsExceededError,
    CardDeclinedError,
    CardDecryptionError,
    CardNotFoundError,
    CardStampRejectedError,
    DirectEntryDisabledError,
    InvalidCardError,
    ProcessorUnavailableError,
)
from services.payments.service import CardService
from shared.clock import rfc3339
from shared.mongo import encode_position
from shared.web import (
    CursorPage,
    JsonBody,
    OpaqueText,
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

CARD_RATE_LIMIT = RateLimit(30, timedelta(hours=1), "cards")
"""A customer stores a few cards; an attacker who tests stolen numbers needs many tries."""


CARD_MEMBERS: dict[str, Any] = {
    "type": "object",
    "description": "What is encrypted; no other members.",
    "additionalProperties": False,
    "required": ["number", "exp_month", "exp_year", "security_code", "stamp"],
    "properties": {
        "number": {"type": "string", "description": "12 to 19 digits; spaces and dashes are removed"},
        "exp_month": {"type": "integer", "minimum": 1, "maximum": 12},
        "exp_year": {"type": "integer", "description": "four digits"},
        "security_code": {"type": "string", "description": "3 digits; 4 of American Express"},
        "stamp": {"type": "string", "description": "the stamp that came with the encryption keys"},
    },
}
"""The plaintext of an encrypted card, as JSON Schema: the API reference shows it beside the ciphertext."""


class StoreCardBody(JsonBody):
    """A card as a compact JWE, so that the edge and the logs see ciphertext only."""

    jwe: Annotated[
        str,
        Field(
            min_length=10,
            max_length=4096,
            description="a compact JWE (RFC 7516) of number, exp_month, exp_year, security_code and stamp",
            json_schema_extra={"contentMediaType": "application/jose", "contentSchema": CARD_MEMBERS},
        ),
        OpaqueText("decrypted"),
    ]


class EncryptionKeyView(View):
    """A public key for encrypting cards, as a JWK (RFC 7517; X25519: RFC 8037). *y* is null on X25519."""

    kty: str
    crv: str
    x: str
    y: str | None = None
    kid: str
    use: str
    alg: str


class CardEncryptionView(View):
    """The public keys, and the stamp that goes into one encrypted card of your account."""

    keys: list[EncryptionKeyView]
    stamp: str
    expires_at: Timestamp


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
    entry: CardEntry
    paginator: Paginator

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes of cards."""
        root = "/v1/payments"
        cards = f"{root}/cards"
        return (
            get(
                f"{root}/encryption-keys",
                self.get_encryption_keys,
                access=customer(),
                summary="Get the encryption keys and a stamp for a card",
                errors=(DirectEntryDisabledError,),
            ),
            post(
                cards,
                self.store_card,
                access=customer(),
                status=201,
                single_commit=True,
                limit=CARD_RATE_LIMIT,
                summary="Store a card",
                errors=(
                    CardDecryptionError,
                    CardStampRejectedError,
                    DirectEntryDisabledError,
                    InvalidCardError,
                    CardAttemptsExceededError,
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

    async def get_encryption_keys(self, call: RequestContext) -> CardEncryptionView:
        """Return the public keys and a new stamp. Encrypt for one of the keys, whichever curve your platform has.

        The stamp is for one card of your account, and valid until *expires_at* by our clock; yours plays no part. The
        keys change with each rotation, so fetch both for each card.
        """
        self._require_direct_entry()
        issued = self.card_service.issue_encryption(call.principal.id, at=call.now)
        return CardEncryptionView(
            keys=[EncryptionKeyView(**key) for key in issued.keys],
            stamp=issued.stamp,
            expires_at=rfc3339(issued.expires_at),
        )

    async def store_card(self, call: RequestContext, body: StoreCardBody) -> CardView:
        """Store a card as its last four digits and expiry date. Send it encrypted, as follows.

        1. Get the keys and a stamp: GET /v1/payments/encryption-keys.

        2. Write a JSON object with exactly these members: number (string: 12 to 19 digits), exp_month (integer: 1 to
        12), exp_year (integer: four digits), security_code (string: 3 digits, 4 of American Express), stamp (string).

        3. Encrypt its UTF-8 text as a JWE in compact form (RFC 7516) for one of the keys. The protected header has alg
        "ECDH-ES", enc "A256GCM", kid (of the key) and epk (your new public key on the same curve: kty, crv, x, and on
        P-256 y); apu and apv are optional. Any other member is refused, zip and typ too. The second part of the five is
        empty, the nonce has 12 bytes, the tag 16; all are base64url without padding. At most 4,096 characters.

        4. The content key is SHA-256(00000001 || Z || 00000007 || "A256GCM" || length and bytes of apu || length and
        bytes of apv || 00000100), numbers in 4 bytes, big-endian; a party that is absent has length 0 (RFC 7518 section
        4.6.2). Z is the shared secret: the x coordinate on P-256, the output of X25519 (RFC 8037). The additional
        authenticated data is the encoded header.

        5. Send it within ten minutes. A stamp is used up when the card goes to the processor: get a new one after a
        402, and after a 422 that names the stamp. To repeat a request that got no answer, send the same body and
        Idempotency-Key.

        For browsers, /static/card-encryption.js does all this: encryptCard(keys, card).
        """
        self._require_direct_entry()
        tokenized = await self.card_service.tokenize(
            call.principal.id, body.jwe, at=call.now, client_address=call.client_address
        )
        call.defer_writes(*tokenized.writes)
        return render_card(tokenized.card)

    def _require_direct_entry(self) -> None:
        if not self.entry.is_direct:
            raise DirectEntryDisabledError

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
