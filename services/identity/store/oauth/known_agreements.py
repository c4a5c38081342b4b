"""The known terms of partner agreements, so that a probe can check past accesses against them (C13)."""

from datetime import datetime, timedelta
from typing import ClassVar

from shared.mongo import Database, Document, Index


class KnownAgreementDocument(Document):
    """The latest known terms of an agreement. They concern a company, not a person."""

    collection: ClassVar[str] = "known_agreements"
    # Longer than accesses under the agreement are kept.
    indexes: ClassVar[tuple[Index, ...]] = (Index("ends_at", expire_after=timedelta(days=100)),)

    purposes: list[str]
    scopes: list[str]
    fields: list[str]
    ends_at: datetime
    """When the agreement ends or ended."""


class KnownAgreements:
    """The known agreements."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(KnownAgreementDocument)

    async def put(self, agreement: KnownAgreementDocument) -> None:
        """Store the latest terms."""
        await self._rows.upsert_one(agreement)

    async def mark_ended(self, agreement_id: str, *, at: datetime) -> None:
        """Record the end of an agreement, unless an earlier one is known."""
        await self._rows.update_one({"_id": agreement_id, "ends_at": {"$gt": at}}, {"$set": {"ends_at": at}})

    async def get_many(self, agreement_ids: list[str]) -> dict[str, KnownAgreementDocument]:
        """Return the known terms by agreement."""
        return {row.id: row for row in await self._rows.list({"_id": {"$in": agreement_ids}})}
