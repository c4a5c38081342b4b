"""Erasures that are put off: until a day, the owner can take the wish back."""

from datetime import datetime
from typing import Annotated, ClassVar

from shared.mongo import Database, Document, Index
from shared.personal import UNTIL_ERASED, Category, Personal
from shared.policy import Purpose

_BATCH = 50
_HELD = Personal(Category.PSEUDONYM, {Purpose.ACCOUNT, Purpose.ERASURE, Purpose.EXPORT}, UNTIL_ERASED)


class Farewell(Document):
    """An account that is to be erased at a time; its id becomes that of the erasure."""

    collection: ClassVar[str] = "farewells"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("account_id", unique=True),
        Index("token_hash", unique=True),
        Index("due_at"),
    )

    account_id: Annotated[str, _HELD]
    token_hash: bytes
    created_at: datetime
    due_at: datetime


class Farewells:
    """The erasures that are put off."""

    def __init__(self, db: Database) -> None:
        self._rows = db.collection(Farewell)

    async def add(self, farewell: Farewell) -> None:
        """Store one; DuplicateError when the account has one."""
        await self._rows.insert(farewell)

    async def get(self, erasure_id: str) -> Farewell | None:
        """Return the one with this id."""
        return await self._rows.get(erasure_id)

    async def of(self, account_id: str) -> Farewell | None:
        """Return the one of the account."""
        return await self._rows.find_one({"account_id": account_id})

    async def by_token(self, token_hash: bytes) -> Farewell | None:
        """Return the one whose link carries the token with this hash."""
        return await self._rows.find_one({"token_hash": token_hash})

    async def due(self, at: datetime) -> list[Farewell]:
        """Return those whose time has come."""
        return await self._rows.list({"due_at": {"$lte": at}}, sort=["due_at"], limit=_BATCH)

    async def end(self, farewell: Farewell) -> bool:
        """Take one away: it was taken back, or it has begun; of two at once one is told yes."""
        return await self._rows.delete({"_id": farewell.id}) == 1

    async def delete(self, account_id: str) -> int:
        """Delete that of the account."""
        return await self._rows.delete({"account_id": account_id})
