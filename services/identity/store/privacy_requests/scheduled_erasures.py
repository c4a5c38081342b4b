"""Erasures that are put off: until a day, the owner can take the wish back."""

from datetime import datetime
from typing import Annotated, ClassVar

from shared.mongo import Database, Document, Index
from shared.personal import UNTIL_ERASED, Category, Personal
from shared.policy import Purpose

_BATCH_SIZE = 50
_ACCOUNT_DATA = Personal(Category.PSEUDONYM, {Purpose.ACCOUNT, Purpose.ERASURE, Purpose.EXPORT}, UNTIL_ERASED)


class ScheduledErasureDocument(Document):
    """An account that is to be erased at a time; its id becomes that of the erasure."""

    collection: ClassVar[str] = "scheduled_erasures"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("account_id", unique=True),
        Index("token_hash", unique=True),
        Index("due_at"),
    )

    account_id: Annotated[str, _ACCOUNT_DATA]
    token_hash: bytes
    created_at: datetime
    due_at: datetime


class ScheduledErasures:
    """The erasures that are put off."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(ScheduledErasureDocument)

    async def add(self, erasure: ScheduledErasureDocument) -> None:
        """Store one; DuplicateError when the account has one."""
        await self._rows.insert_one(erasure)

    async def get(self, erasure_id: str) -> ScheduledErasureDocument | None:
        """Return the one with this id."""
        return await self._rows.get(erasure_id)

    async def get_by_account(self, account_id: str) -> ScheduledErasureDocument | None:
        """Return the one of the account."""
        return await self._rows.find_one({"account_id": account_id})

    async def get_by_token(self, token_hash: bytes) -> ScheduledErasureDocument | None:
        """Return the one whose link carries the token with this hash."""
        return await self._rows.find_one({"token_hash": token_hash})

    async def list_due(self, at: datetime) -> list[ScheduledErasureDocument]:
        """Return those whose time has come."""
        return await self._rows.list({"due_at": {"$lte": at}}, sort=["due_at"], limit=_BATCH_SIZE)

    async def consume(self, erasure: ScheduledErasureDocument) -> bool:
        """Take one away: it was taken back, or it has begun; of two at once one is told yes."""
        return await self._rows.delete_many({"_id": erasure.id}) == 1

    async def delete_by_account(self, account_id: str) -> int:
        """Delete that of the account."""
        return await self._rows.delete_many({"account_id": account_id})
