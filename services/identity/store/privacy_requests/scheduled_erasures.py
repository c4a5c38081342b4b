"""Scheduled erasures, which the owner can cancel until they are due."""

from datetime import datetime
from typing import Annotated, ClassVar

from shared.mongo import Database, Document, Index
from shared.personal import UNTIL_ERASED, Category, Personal
from shared.policy import Purpose

_BATCH_SIZE = 50
_ACCOUNT_DATA = Personal(Category.PSEUDONYM, {Purpose.ACCOUNT, Purpose.ERASURE, Purpose.EXPORT}, UNTIL_ERASED)


class ScheduledErasureDocument(Document):
    """A scheduled erasure. Its id becomes the id of the erasure request."""

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
    """The scheduled erasures."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(ScheduledErasureDocument)

    async def add(self, erasure: ScheduledErasureDocument) -> None:
        """Store a scheduled erasure; DuplicateError if the account has one."""
        await self._rows.insert_one(erasure)

    async def get(self, erasure_id: str) -> ScheduledErasureDocument | None:
        """Return the scheduled erasure, or None."""
        return await self._rows.get(erasure_id)

    async def get_by_account(self, account_id: str) -> ScheduledErasureDocument | None:
        """Return the scheduled erasure of the account, or None."""
        return await self._rows.find_one({"account_id": account_id})

    async def get_by_token(self, token_hash: bytes) -> ScheduledErasureDocument | None:
        """Return the scheduled erasure with this token hash, or None."""
        return await self._rows.find_one({"token_hash": token_hash})

    async def list_due(self, at: datetime) -> list[ScheduledErasureDocument]:
        """Return the scheduled erasures that are due."""
        return await self._rows.list({"due_at": {"$lte": at}}, sort=["due_at"], limit=_BATCH_SIZE)

    async def consume(self, erasure: ScheduledErasureDocument) -> bool:
        """Delete one that was cancelled or started; of several concurrent calls, one returns True."""
        return await self._rows.delete_many({"_id": erasure.id}) == 1

    async def delete_by_account(self, account_id: str) -> int:
        """Delete the scheduled erasure of the account."""
        return await self._rows.delete_many({"account_id": account_id})
