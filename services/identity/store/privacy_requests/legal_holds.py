"""Legal holds: data that the law or a dispute requires us to keep. The owner sees reason and end (C31)."""

from datetime import datetime
from typing import Annotated, ClassVar

from services.identity.domain.staff.admin_actions import HoldScope
from shared.mongo import Database, Document, Index
from shared.personal import UNTIL_ERASED, Category, Personal
from shared.policy import Purpose

_BATCH_SIZE = 50


class LegalHoldDocument(Document):
    """A hold on an account. Its id is the id of the admin action."""

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
    """The legal holds."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(LegalHoldDocument)

    async def add(self, hold: LegalHoldDocument) -> None:
        """Store a hold."""
        await self._rows.insert_one(hold)

    async def list_by_account(self, account_id: str, *, at: datetime) -> list[LegalHoldDocument]:
        """Return the active holds on the account, the last to end first."""
        wanted = {"account_id": account_id, "released_at": None, "until": {"$gt": at}}
        return await self._rows.list(wanted, sort=[("until", -1)])

    async def list_active(self, *, at: datetime, after: str | None, limit: int) -> list[LegalHoldDocument]:
        """Return a page of active holds by id."""
        wanted: dict[str, object] = {"released_at": None, "until": {"$gt": at}}
        if after is not None:
            wanted["_id"] = {"$gt": after}
        return await self._rows.list(wanted, sort=["_id"], limit=limit)

    async def release_by_account(self, account_id: str, *, at: datetime) -> int:
        """Release every hold on the account."""
        return await self._rows.update_many(
            {"account_id": account_id, "released_at": None}, {"$set": {"released_at": at}}
        )

    async def delete_by_account(self, account_id: str) -> int:
        """Delete the holds on the account."""
        return await self._rows.delete_many({"account_id": account_id})
