"""Payments over HTTP: parse, one call, render."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from services.payments.domain import Card, Charge, Money
from services.payments.errors import (
    BeyondChargeError,
    CardNotFoundError,
    ChargeNotFoundError,
    DeclinedError,
    InvalidCardError,
    OutcomeUnknownError,
    StaleCardError,
    UnreadableCardError,
)
from services.payments.ports import CardOpener
from services.payments.service import Payments
from services.payments.store import Cards, Charges
from shared.clock import rfc3339
from shared.web import PUBLIC, Body, Call, Route, View, customer, delete, get, post

Amount = Annotated[int, Field(ge=1, le=10_000_000, description="minor units of the currency")]
Currency = Annotated[str, Field(pattern=r"^(USD|EUR|GBP|JPY|CAD|AUD|CHF)$", description="ISO 4217")]


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


class CardsView(View):
    """The cards of the account."""

    items: list[CardView]


class ChargeView(View):
    """A charge and how much of it went back."""

    charge_id: str
    state: str
    amount: int
    refunded: int
    currency: str
    description: str
    created_at: str


class ChargesView(View):
    """The charges of the account, newest first."""

    items: list[ChargeView]


class RefundView(View):
    """Money given back; *refunded* is the total of the charge."""

    refund_id: str
    charge_id: str
    amount: int
    refunded: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsApi:
    """The handlers."""

    payments: Payments
    cards: Cards
    charges: Charges
    opener: CardOpener

    def routes(self) -> tuple[Route, ...]:
        """Return the routes of payments."""
        root, mine = "/v1/payments", customer()
        return (
            get(f"{root}/encryption-key", self.encryption_key, access=PUBLIC, summary="Read the key for cards"),
            post(
                f"{root}/cards",
                self.store_card,
                access=mine,
                status=201,
                idempotent=True,
                summary="Keep a card",
                errors=(UnreadableCardError, StaleCardError, InvalidCardError, DeclinedError, OutcomeUnknownError),
            ),
            get(f"{root}/cards", self.list_cards, access=mine, summary="List the cards"),
            delete(
                f"{root}/cards/{{card_id}}",
                self.forget_card,
                access=mine,
                status=204,
                summary="Delete a card",
                errors=(CardNotFoundError,),
            ),
            post(
                f"{root}/charges",
                self.charge,
                access=mine,
                status=201,
                idempotent=True,
                summary="Charge a card",
                errors=(CardNotFoundError, DeclinedError, OutcomeUnknownError),
            ),
            get(f"{root}/charges", self.list_charges, access=mine, summary="List the charges"),
            post(
                f"{root}/charges/{{charge_id}}/refunds",
                self.refund,
                access=mine,
                status=201,
                idempotent=True,
                summary="Give money of a charge back",
                errors=(ChargeNotFoundError, BeyondChargeError, DeclinedError),
            ),
        )

    async def encryption_key(self, call: Call) -> EncryptionKeyView:
        """Return the public key that a page encrypts cards with."""
        return EncryptionKeyView(**self.opener.public())

    async def store_card(self, call: Call, body: StoreCard) -> CardView:
        """Keep four digits and a date of the card."""
        return _card(await self.payments.keep_card(call.who.id, body.jwe, at=call.now))

    async def list_cards(self, call: Call) -> CardsView:
        """Return the cards of the account."""
        return CardsView(items=[_card(card) for card in await self.cards.all_of(call.who.id)])

    async def forget_card(self, call: Call) -> None:
        """Delete a card."""
        await self.payments.forget_card(call.who.id, call.path["card_id"])

    async def charge(self, call: Call, body: ChargeBody) -> ChargeView:
        """Charge a card."""
        price = Money(amount=body.amount, currency=body.currency)
        made = await self.payments.charge(call.who.id, body.card_id, price, description=body.description, at=call.now)
        return _charge(made)

    async def list_charges(self, call: Call) -> ChargesView:
        """Return the charges of the account."""
        return ChargesView(items=[_charge(charge) for charge in await self.charges.all_of(call.who.id)])

    async def refund(self, call: Call, body: RefundBody) -> RefundView:
        """Give money back."""
        made = await self.payments.refund(call.who.id, call.path["charge_id"], body.amount, at=call.now)
        return RefundView(
            refund_id=made.refund_id,
            charge_id=made.charge.charge_id,
            amount=made.amount,
            refunded=made.charge.refunded,
            currency=made.charge.price.currency,
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
        description=charge.description,
        created_at=rfc3339(charge.created_at),
    )
