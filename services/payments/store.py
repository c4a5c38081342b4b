"""Payments' collections in MongoDB. The validators make it impossible to store more of a card than this (C18)."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.payments.domain import Brand, Card, Charge, ChargeState, Money
from shared.mongo import Collection, Database, Document, DuplicateError, Index
from shared.personal import UNTIL_ERASED, Category, Personal, keep_for
from shared.policy import Purpose

_USES = {Purpose.BILLING, Purpose.BILLING_QUESTION, Purpose.REFUND, Purpose.CREDIT, Purpose.EXPORT}
_CARD = Personal(Category.PAYMENT, _USES, UNTIL_ERASED)
_OWNER = Personal(Category.PSEUDONYM, {*_USES, Purpose.ERASURE}, UNTIL_ERASED)
# What accounts must show for a purchase outlives the account; who it was does not.
_BOOKED = Personal(Category.PAYMENT, _USES, keep_for(7 * 365))
SEEN_KEPT = timedelta(minutes=30)


class CardDocument(Document):
    """A card token: four digits and a date."""

    collection: ClassVar[str] = "cards"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("account_id"),)
    account_id: Annotated[str, _OWNER]
    last4: Annotated[str, Field(pattern=r"^\d{4}$"), _CARD]
    exp_month: Annotated[int, Field(ge=1, le=12), _CARD]
    exp_year: Annotated[int, Field(ge=2000, le=2100), _CARD]
    brand: Literal["visa", "mastercard", "amex", "discover", "unknown"]
    processor_ref: Annotated[str, Field(pattern=r"^[a-z]+_[a-z_]*[0-9a-z]{26}$"), _CARD]
    created_at: datetime


class ChargeDocument(Document):
    """Money taken, and how much went back; an erased account's charges keep no account."""

    collection: ClassVar[str] = "charges"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("account_id", "created_at"), Index("state", "created_at"))
    account_id: Annotated[str, _OWNER]
    card_id: str
    processor_ref: str
    amount: int
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    description: Annotated[str, _BOOKED]
    state: Literal["pending", "captured", "declined"]
    refunded: int = 0
    refunds: list[str] = []
    created_at: datetime


class SeenCardDocument(Document):
    """The digest of an encrypted card that was opened: each can be used once."""

    collection: ClassVar[str] = "seen_cards"
    indexes: ClassVar[tuple[Index, ...]] = (Index("seen_at", expire_after=SEEN_KEPT),)
    seen_at: datetime


DOCUMENTS = (CardDocument, ChargeDocument, SeenCardDocument)


class SeenCards:
    """Which encrypted cards were opened before."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[SeenCardDocument] = db.collection(SeenCardDocument)

    async def first_time(self, digest: str, *, at: datetime) -> bool:
        """Remember *digest*; False when it was seen before."""
        try:
            await self._rows.insert(SeenCardDocument(id=digest, seen_at=at))
        except DuplicateError:
            return False
        return True


class Cards:
    """The card tokens of all accounts."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[CardDocument] = db.collection(CardDocument)

    async def add(self, card: Card) -> None:
        """Keep a new token."""
        await self._rows.insert(
            CardDocument(
                id=card.card_id,
                account_id=card.account_id,
                last4=card.last4,
                exp_month=card.exp_month,
                exp_year=card.exp_year,
                brand=card.brand.value,
                processor_ref=card.processor_ref,
                created_at=card.created_at,
            )
        )

    async def of(self, account_id: str, card_id: str) -> Card | None:
        """Return a card of this account."""
        row = await self._rows.find_one({"_id": card_id, "account_id": account_id})
        return _card(row) if row else None

    async def all_of(self, account_id: str) -> list[Card]:
        """Return the cards of this account, oldest first."""
        return [_card(row) for row in await self._rows.list({"account_id": account_id}, sort=[("created_at", 1)])]

    async def remove(self, account_id: str, card_id: str) -> bool:
        """Forget one card."""
        return await self._rows.delete({"_id": card_id, "account_id": account_id}) == 1

    async def remove_all(self, account_id: str) -> int:
        """Forget all cards of this account; return how many."""
        return await self._rows.delete({"account_id": account_id})


class Charges:
    """The charges of all accounts."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[ChargeDocument] = db.collection(ChargeDocument)

    async def add(self, charge: Charge, *, processor_ref: str) -> None:
        """Keep a charge before the processor is asked, so that no outcome can be lost."""
        await self._rows.insert(
            ChargeDocument(
                id=charge.charge_id,
                account_id=charge.account_id,
                card_id=charge.card_id,
                processor_ref=processor_ref,
                amount=charge.price.amount,
                currency=charge.price.currency,
                description=charge.description,
                state=charge.state.value,
                created_at=charge.created_at,
            )
        )

    async def of(self, account_id: str, charge_id: str) -> Charge | None:
        """Return a charge of this account."""
        row = await self._rows.find_one({"_id": charge_id, "account_id": account_id})
        return _charge(row) if row else None

    async def all_of(self, account_id: str, *, limit: int = 200) -> list[Charge]:
        """Return the newest charges of this account, newest first."""
        rows = await self._rows.list({"account_id": account_id}, sort=[("created_at", -1)], limit=limit)
        return [_charge(row) for row in rows]

    async def settle(self, charge_id: str, state: ChargeState) -> bool:
        """Move a pending charge to its outcome; False when it had one."""
        return await self._rows.update({"_id": charge_id, "state": "pending"}, {"$set": {"state": state.value}}) == 1

    async def pending(self, *, before: datetime) -> AsyncIterator[tuple[Charge, str]]:
        """Yield the charges whose outcome is unknown since *before*, with the processor's reference of the card."""
        async for row in self._rows.find({"state": "pending", "created_at": {"$lt": before}}, limit=500):
            yield _charge(row), row.processor_ref

    async def give_back(self, charge: Charge, refund_id: str, amount: int) -> bool:
        """Add a refund in one conditional update; False when it would exceed what is left (never above the charge)."""
        room = {"_id": charge.charge_id, "state": "captured", "refunded": {"$lte": charge.price.amount - amount}}
        return await self._rows.update(room, {"$inc": {"refunded": amount}, "$push": {"refunds": refund_id}}) == 1

    async def take_again(self, charge: Charge, refund_id: str, amount: int) -> None:
        """Undo a refund that the processor has declined."""
        undo = {"$inc": {"refunded": -amount}, "$pull": {"refunds": refund_id}}
        await self._rows.update({"_id": charge.charge_id, "refunds": refund_id}, undo)

    async def release(self, account_id: str) -> int:
        """Cut all charges of this account loose from it: the books stay, the person does not (C31)."""
        loose = {"$set": {"account_id": "", "card_id": "", "description": "", "processor_ref": ""}}
        return await self._rows.update({"account_id": account_id}, loose, many=True)


def _card(row: CardDocument) -> Card:
    return Card(
        card_id=row.id,
        account_id=row.account_id,
        last4=row.last4,
        exp_month=row.exp_month,
        exp_year=row.exp_year,
        brand=Brand(row.brand),
        processor_ref=row.processor_ref,
        created_at=row.created_at,
    )


def _charge(row: ChargeDocument) -> Charge:
    return Charge(
        charge_id=row.id,
        account_id=row.account_id,
        card_id=row.card_id,
        price=Money(amount=row.amount, currency=row.currency),
        description=row.description,
        state=ChargeState(row.state),
        refunded=row.refunded,
        created_at=row.created_at,
    )
