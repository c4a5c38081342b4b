"""What disclosure has told of partners' agreements, so that a look at the past knows what was allowed then (C13)."""

from datetime import datetime, timedelta
from typing import ClassVar

from shared.mongo import Database, Document, Index


class KnownAgreementDocument(Document):
    """The terms of an agreement as disclosure told them last; about a company, not a person."""

    collection: ClassVar[str] = "known_agreements"
    # Longer than the readings under it are remembered.
    indexes: ClassVar[tuple[Index, ...]] = (Index("ends_at", expire_after=timedelta(days=100)),)

    purposes: list[str]
    scopes: list[str]
    fields: list[str]
    ends_at: datetime
    """When it ends or has ended."""


class KnownAgreements:
    """The terms that are known."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(KnownAgreementDocument)

    async def put(self, agreement: KnownAgreementDocument) -> None:
        """Keep what was told last."""
        await self._rows.upsert_one(agreement)

    async def mark_ended(self, agreement_id: str, *, at: datetime) -> None:
        """Note the end of an agreement; a later one than is known says nothing new."""
        await self._rows.update_one({"_id": agreement_id, "ends_at": {"$gt": at}}, {"$set": {"ends_at": at}})

    async def get_many(self, agreement_ids: list[str]) -> dict[str, KnownAgreementDocument]:
        """Return the terms of those that are known."""
        return {row.id: row for row in await self._rows.list({"_id": {"$in": agreement_ids}})}
