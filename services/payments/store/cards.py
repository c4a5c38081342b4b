"""Cards, and the stamps that were used."""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from services.payments.domain import Brand, Card
from services.payments.errors import CardStampRejectedError
from services.payments.store.fields import ACCOUNT_FIELD, CARD_FIELD
from shared.mongo import Collection, Database, Document, DuplicateError, Index, Insert, filter_after, sort_newest_first

USED_STAMP_RETENTION = timedelta(minutes=30)


class CardDocument(Document):
    """A card: four digits, the expiry date and the processor's reference."""

    collection: ClassVar[str] = "cards"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("account_id", "created_at", "_id"), Index("processor_ref"))
    account_id: Annotated[str, Field(pattern=r"^acc_[0-9a-z]{1,40}$"), ACCOUNT_FIELD]
    last4: Annotated[str, Field(pattern=r"^[0-9]{4}$"), CARD_FIELD]
    exp_month: Annotated[int, Field(ge=1, le=12), CARD_FIELD]
    exp_year: Annotated[int, Field(ge=2000, le=2100), CARD_FIELD]
    brand: Brand
    processor_ref: Annotated[
        str, Field(pattern=r"^(sim_[a-z0-9_]+_[0-9a-z]{26}|pm_[0-9A-Za-z]{8,40}/cus_[0-9A-Za-z]{8,40})$"), CARD_FIELD
    ]
    created_at: datetime


class UsedCardStampDocument(Document):
    """The id of a stamp that came with a card, and the card. TTL: 30 minutes."""

    collection: ClassVar[str] = "used_card_stamps"
    indexes: ClassVar[tuple[Index, ...]] = (Index("used_at", expire_after=USED_STAMP_RETENTION),)
    card_id: str
    used_at: datetime


class UsedCardStamps:
    """The used stamps: each is accepted once."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[UsedCardStampDocument] = db.get_collection(UsedCardStampDocument)

    def build_insert(self, stamp_id: str, *, card_id: str, at: datetime) -> Insert:
        """Return the write that uses the stamp; its error is CardStampRejectedError, when it was used."""
        row = UsedCardStampDocument(id=stamp_id, card_id=card_id, used_at=at)
        return Insert(row, on_duplicate=CardStampRejectedError)


class Cards:
    """The cards of all accounts."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[CardDocument] = db.get_collection(CardDocument)

    async def add(self, card: Card) -> None:
        """Insert a card; nothing happens when an earlier try of the same request inserted it."""
        try:
            await self._rows.insert_one(_row(card))
        except DuplicateError:
            return

    def build_insert(self, card: Card) -> Insert:
        """Return the write that inserts a card."""
        return Insert(_row(card))

    async def get(self, account_id: str, card_id: str) -> Card | None:
        """Return a card of this account; None when it has no such card."""
        row = await self._rows.find_one({"_id": card_id, "account_id": account_id})
        return _card(row) if row else None

    async def list_by_account(self, account_id: str, *, after: str | None, limit: int) -> list[Card]:
        """Return up to *limit* cards of this account, newest first, after the position *after*."""
        wanted = {"account_id": account_id, **filter_after("created_at", after)}
        return [_card(row) for row in await self._rows.list(wanted, sort=sort_newest_first("created_at"), limit=limit)]

    async def list_by_reference(self, reference: str) -> list[Card]:
        """Return the cards with this reference of the processor, or with its first part, which its events name."""
        with_prefix = {"$gte": reference, "$lt": f"{reference}0"}  # "0" follows "/", which ends the first part
        return [_card(row) for row in await self._rows.list({"processor_ref": with_prefix})]

    async def update_details(self, old: Card, new: Card) -> bool:
        """Store the last digits and the expiry date of *new*; False when the card is no longer as *old*."""
        wanted = {"_id": old.card_id, "last4": old.last4, "exp_month": old.exp_month, "exp_year": old.exp_year}
        change = {"last4": new.last4, "exp_month": new.exp_month, "exp_year": new.exp_year}
        return await self._rows.update_one(wanted, {"$set": change}) == 1

    async def list_created_before(self, at: datetime, *, after: str, limit: int) -> list[Card]:
        """Return up to *limit* cards that were created before *at*, in the order of their ids, after the id *after*."""
        wanted = {"created_at": {"$lte": at}, "_id": {"$gt": after}}
        return [_card(row) for row in await self._rows.list(wanted, sort=["_id"], limit=limit)]

    async def delete(self, account_id: str, card_id: str) -> bool:
        """Delete a card; False when the account has no such card."""
        return await self._rows.delete_many({"_id": card_id, "account_id": account_id}) == 1

    async def delete_by_account(self, account_id: str) -> int:
        """Delete all cards of this account; return how many."""
        return await self._rows.delete_many({"account_id": account_id})


def _row(card: Card) -> CardDocument:
    return CardDocument(
        id=card.card_id,
        account_id=card.account_id,
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        brand=card.brand,
        processor_ref=card.processor_ref,
        created_at=card.created_at,
    )


def _card(row: CardDocument) -> Card:
    return Card(
        card_id=row.id,
        account_id=row.account_id,
        last4=row.last4,
        exp_month=row.exp_month,
        exp_year=row.exp_year,
        brand=row.brand,
        processor_ref=row.processor_ref,
        created_at=row.created_at,
    )
