"""What is shown to others than its owner: told to the ledger, and remembered here without whose it was (C06, C21)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from shared.bus import Outbox
from shared.contracts import common_v1
from shared.ids import NewId
from shared.mongo import Database, Document, Index
from shared.policy import Purpose
from shared.privacy import DataAccess, record_access


class DataAccessDocument(Document):
    """One reading: who read which fields for what. The probe of C06 holds it against the declarations."""

    collection: ClassVar[str] = "data_accesses"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("accessed_at", expire_after=timedelta(days=90)),
        Index("recipient_kind", "accessed_at"),
    )

    recipient_kind: str
    recipient_id: str
    fields: list[str]
    purpose: str
    agreement_id: str | None = None
    """Under which agreement a partner has read."""
    accessed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who reads personal data of others, for what, and what allows it: a case, an agreement, a request."""

    kind: Literal["service", "staff", "partner"]
    id: str
    purpose: Purpose
    basis: str


class DataAccessLog:
    """The readings."""

    def __init__(self, db: Database, outbox: Outbox, new_id: NewId) -> None:
        self._rows = db.get_collection(DataAccessDocument)
        self._outbox = outbox
        self._new_id = new_id

    async def record(self, account_id: str, fields: Sequence[str], recipient: Recipient, *, at: datetime) -> str:
        """Record that *reader* was shown *fields* of the account; the owner sees it under "Who has seen my data".

        Return the id of the entry.
        """
        read = await self.record_unowned(fields, recipient, at=at)
        access = DataAccess(
            entry_id=read.id,
            account_id=account_id,
            recipient_kind=recipient.kind,
            recipient_id=recipient.id,
            fields=fields,
            purpose=recipient.purpose,
            basis=recipient.basis,
            accessed_at=at,
        )
        await record_access(self._outbox, access)
        return read.id

    async def record_unowned(self, fields: Sequence[str], recipient: Recipient, *, at: datetime) -> DataAccessDocument:
        """Record a reading of what is of no account: nobody could find it in the ledger."""
        read = DataAccessDocument(
            id=self._new_id("led"),
            recipient_kind=recipient.kind,
            recipient_id=recipient.id,
            fields=list(fields),
            purpose=recipient.purpose,
            agreement_id=recipient.basis if recipient.kind == "partner" else None,
            accessed_at=at,
        )
        await self._rows.insert_one(read)
        return read

    async def staff_entries(self, entry_ids: Sequence[str]) -> dict[str, str]:
        """Return who of the staff caused those of *entry_ids* that are there."""
        found = await self._rows.list({"_id": {"$in": list(entry_ids)}, "recipient_kind": "staff"})
        return {read.id: read.recipient_id for read in found}

    async def latest_entries(self, limit: int) -> list[DataAccessDocument]:
        """Return the newest readings."""
        return await self._rows.list({}, sort=[("accessed_at", -1)], limit=limit)

    async def latest_by_partners(self, limit: int) -> list[DataAccessDocument]:
        """Return the newest readings of partners."""
        return await self._rows.list({"recipient_kind": "partner"}, sort=[("accessed_at", -1)], limit=limit)

    async def record_denied(
        self, account_id: str, fields: Sequence[str], recipient: Recipient, *, at: datetime
    ) -> None:
        """Record that *reader* was refused *fields* because they are not held for that purpose."""
        event = common_v1.PurposeDenied(
            account_id=account_id,
            recipient_kind=recipient.kind,
            recipient_id=recipient.id,
            fields=fields,
            purpose=recipient.purpose,
        )
        event.denied_at.FromDatetime(at)
        await self._outbox.put(event, subject=account_id)
