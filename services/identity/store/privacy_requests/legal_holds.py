"""Holds: what law or a dispute obliges to keep, why and until when; the person reads both (C31)."""

from datetime import datetime
from typing import Annotated, ClassVar

from services.identity.domain.staff.admin_actions import HoldScope
from shared.mongo import Database, Document, Index
from shared.personal import UNTIL_ERASED, Category, Personal
from shared.policy import Purpose

_BATCH_SIZE = 50


class LegalHoldDocument(Document):
    """One hold on one account; its id is that of the act."""

    collection: ClassVar[str] = "legal_holds"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("account_id"), Index("released_at", "until"))

    account_id: Annotated[str, Personal(Category.LEGAL, {Purpose.LEGAL_DISCLOSURE, Purpose.ERASURE}, UNTIL_ERASED)]
    scope: HoldScope
    reason: str
    until: datetime
    started_at: datetime
    released_at: datetime | None = None


class LegalHolds:
    """The holds."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(LegalHoldDocument)

    async def add(self, hold: LegalHoldDocument) -> None:
        """Begin a hold."""
        await self._rows.insert_one(hold)

    async def list_by_account(self, account_id: str, *, at: datetime) -> list[LegalHoldDocument]:
        """Return what holds the account *at* that time, the longest first."""
        wanted = {"account_id": account_id, "released_at": None, "until": {"$gt": at}}
        return await self._rows.list(wanted, sort=[("until", -1)])

    async def list_active(self, *, at: datetime, after: str | None, limit: int) -> list[LegalHoldDocument]:
        """Return the holds that are in force *at* that time, in the order of their ids, from behind *after*."""
        wanted: dict[str, object] = {"released_at": None, "until": {"$gt": at}}
        if after is not None:
            wanted["_id"] = {"$gt": after}
        return await self._rows.list(wanted, sort=["_id"], limit=limit)

    async def release_by_account(self, account_id: str, *, at: datetime) -> int:
        """End every hold on the account."""
        return await self._rows.update_many(
            {"account_id": account_id, "released_at": None}, {"$set": {"released_at": at}}
        )

    async def delete_by_account(self, account_id: str) -> int:
        """Delete all holds on the account: nothing is kept any more."""
        return await self._rows.delete_many({"account_id": account_id})
