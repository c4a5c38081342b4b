"""Card setups: which account entered a card on which page of the processor."""

from datetime import datetime
from typing import Annotated, ClassVar

from services.payments.domain import CARD_SETUP_TTL, CardSetup, CardSetupState
from services.payments.store.fields import ACCOUNT_FIELD
from shared.mongo import Collection, Database, Document, Index


class CardSetupDocument(Document):
    """A card setup; it has nothing of the card."""

    collection: ClassVar[str] = "card_setups"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("account_id"),
        Index("page_reference"),
        Index("created_at", expire_after=CARD_SETUP_TTL),
    )
    account_id: Annotated[str, ACCOUNT_FIELD]
    page_reference: str
    card_id: str
    state: CardSetupState
    created_at: datetime


class CardSetups:
    """The card setups of all accounts."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[CardSetupDocument] = db.get_collection(CardSetupDocument)

    async def add(self, setup: CardSetup) -> None:
        """Insert an open setup."""
        await self._rows.insert_one(
            CardSetupDocument(
                id=setup.setup_id,
                account_id=setup.account_id,
                page_reference=setup.page_reference,
                card_id=setup.card_id,
                state=setup.state,
                created_at=setup.created_at,
            )
        )

    async def get(self, account_id: str, setup_id: str) -> CardSetup | None:
        """Return a setup of this account; None when it has no such setup."""
        row = await self._rows.find_one({"_id": setup_id, "account_id": account_id})
        return _setup(row) if row else None

    async def find_by_id(self, setup_id: str) -> CardSetup | None:
        """Return a setup of any account."""
        row = await self._rows.get(setup_id)
        return _setup(row) if row else None

    async def complete(self, setup_id: str, state: CardSetupState) -> bool:
        """Complete an open setup; False when it was complete, or is gone."""
        wanted = {"_id": setup_id, "state": CardSetupState.OPEN}
        return await self._rows.update_one(wanted, {"$set": {"state": state}}) == 1

    async def delete_by_account(self, account_id: str) -> int:
        """Delete all setups of this account; return how many."""
        return await self._rows.delete_many({"account_id": account_id})


def _setup(row: CardSetupDocument) -> CardSetup:
    return CardSetup(
        setup_id=row.id,
        account_id=row.account_id,
        page_reference=row.page_reference,
        card_id=row.card_id,
        state=row.state,
        created_at=row.created_at,
    )
