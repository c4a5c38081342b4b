"""Payments over HTTP: parse, one call, render."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from services.payments.domain import MINOR_UNITS, Card, Charge, Money, position
from services.payments.errors import (
    BeyondChargeError,
    CardNotFoundError,
    ChargeNotFoundError,
    DeclinedError,
    DescriptionRefusedError,
    InvalidCardError,
    OutcomeUnknownError,
    StaleCardError,
    UnreadableCardError,
)
from services.payments.service import Order, RefundDesk, Till, Wallet
from shared.clock import rfc3339
from shared.web import (
    PUBLIC,
    Body,
    Call,
    Page,
    PageQuery,
    Pages,
    RateLimit,
    Route,
    View,
    customer,
    delete,
    get,
    post,
)

Amount = Annotated[int, Field(ge=1, le=10_000_000, description="minor units of the currency")]
Currency = Annotated[str, Field(pattern=rf"^({'|'.join(MINOR_UNITS)})$", description="ISO 4217")]
CARDS_AN_HOUR = RateLimit(30, timedelta(hours=1), "cards")
"""Whoever tries stolen numbers needs many; a customer needs a few."""
PAYMENTS_AN_HOUR = RateLimit(120, timedelta(hours=1), "payments")


class StoreCard(Body):
    """A card as a compact JWE; only ciphertext passes the edge, the logs and the broker."""

    jwe: Annotated[str, Field(min_length=10, max_length=4096)]


class ChargeBody(Body):
    """What to take from which card."""

    card_id: Annotated[str, Field(pattern=r"^tok_[0-9a-z]{26}$")]
    amount: Amount
    currency: Currency
    description: Annotated[str, Field(max_length=200)] = ""


class RefundBody(Body):
    """How much to give back."""

    amount: Amount


class EncryptionKeyView(View):
    """The public key to encrypt a card with (RFC 7517)."""

    kty: str
    crv: str
    x: str
    y: str
    kid: str
    use: str
    alg: str


class CardView(View):
    """All that is kept of a card."""

    card_id: str
    last4: str
    exp_month: int
    exp_year: int
    brand: str


class ChargeView(View):
    """A charge and how much of it went back; *minor_units* is how many decimals the amounts have."""

    charge_id: str
    state: str
    amount: int
    refunded: int
    currency: str
    minor_units: int
    description: str
    created_at: str


class RefundView(View):
    """Money given back; *refunded* is the total of the charge."""

    refund_id: str
    charge_id: str
    state: str
    amount: int
    refunded: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsApi:
    """The handlers."""

    wallet: Wallet
    till: Till
    desk: RefundDesk
    pages: Pages

    def routes(self) -> tuple[Route, ...]:
        """Return the routes of payments."""
        root = "/v1/payments"
        return (
            get(f"{root}/encryption-key", self.encryption_key, access=PUBLIC, summary="Read the key for cards"),
            *self._of_cards(f"{root}/cards"),
            *self._of_charges(f"{root}/charges"),
        )

    def _of_cards(self, root: str) -> tuple[Route, ...]:
        return (
            post(
                root,
                self.store_card,
                access=customer(),
                status=201,
                idempotent=True,
                limit=CARDS_AN_HOUR,
                summary="Keep a card",
                errors=(UnreadableCardError, StaleCardError, InvalidCardError, DeclinedError, OutcomeUnknownError),
            ),
            get(root, self.list_cards, access=customer(), summary="List the cards, newest first"),
            delete(
                f"{root}/{{card_id}}",
                self.forget_card,
                access=customer(),
                status=204,
                summary="Delete a card",
                errors=(CardNotFoundError,),
            ),
        )

    def _of_charges(self, root: str) -> tuple[Route, ...]:
        return (
            post(
                root,
                self.charge,
                access=customer(),
                status=201,
                idempotent=True,
                limit=PAYMENTS_AN_HOUR,
                summary="Charge a card",
                errors=(CardNotFoundError, DeclinedError, DescriptionRefusedError, OutcomeUnknownError),
            ),
            get(root, self.list_charges, access=customer(), summary="List the charges, newest first"),
            post(
                f"{root}/{{charge_id}}/refunds",
                self.refund,
                access=customer(),
                status=201,
                idempotent=True,
                limit=PAYMENTS_AN_HOUR,
                summary="Give money of a charge back",
                errors=(ChargeNotFoundError, BeyondChargeError, DeclinedError, OutcomeUnknownError),
            ),
        )

    async def encryption_key(self, _call: Call) -> EncryptionKeyView:
        """Return the public key that a page encrypts cards with."""
        return EncryptionKeyView(**self.wallet.key())

    async def store_card(self, call: Call, body: StoreCard) -> CardView:
        """Keep four digits and a date of the card."""
        return _card(await self.wallet.keep(call.who.id, body.jwe, operation=call.operation, at=call.now))

    async def list_cards(self, call: Call, query: PageQuery) -> Page[CardView]:
        """Return the cards of the account."""
        found = await self.wallet.of(call.who.id, after=self.pages.after(call, query), most=query.limit + 1)
        return self.pages.page(
            call, query, found, view=_card, position=lambda card: position(card.created_at, card.card_id)
        )

    async def forget_card(self, call: Call) -> None:
        """Delete a card."""
        await self.wallet.forget(call.who.id, call.path["card_id"])

    async def charge(self, call: Call, body: ChargeBody) -> ChargeView:
        """Charge a card."""
        order = Order(
            account_id=call.who.id,
            card_id=body.card_id,
            price=Money(amount=body.amount, currency=body.currency),
            description=body.description,
        )
        return _charge(await self.till.charge(order, operation=call.operation, at=call.now))

    async def list_charges(self, call: Call, query: PageQuery) -> Page[ChargeView]:
        """Return the charges of the account."""
        found = await self.till.of(call.who.id, after=self.pages.after(call, query), most=query.limit + 1)
        return self.pages.page(
            call, query, found, view=_charge, position=lambda charge: position(charge.created_at, charge.charge_id)
        )

    async def refund(self, call: Call, body: RefundBody) -> RefundView:
        """Give money back."""
        made, charge = await self.desk.refund(
            call.who.id, call.path["charge_id"], body.amount, operation=call.operation, at=call.now
        )
        return RefundView(
            refund_id=made.refund_id,
            charge_id=made.charge_id,
            state=made.state.value,
            amount=made.price.amount,
            refunded=charge.refunded,
            currency=made.price.currency,
        )


def _card(card: Card) -> CardView:
    return CardView(
        card_id=card.card_id,
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        brand=card.brand.value,
    )


def _charge(charge: Charge) -> ChargeView:
    return ChargeView(
        charge_id=charge.charge_id,
        state=charge.state.value,
        amount=charge.price.amount,
        refunded=charge.refunded,
        currency=charge.price.currency,
        minor_units=MINOR_UNITS[charge.price.currency],
        description=charge.description,
        created_at=rfc3339(charge.created_at),
    )
