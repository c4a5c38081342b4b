"""Accesses to personal data by others than the owner: published to the ledger, stored here without the account."""

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
    """An access: recipient, fields and purpose. The probe of C06 checks it against the declarations."""

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
    """The agreement of a partner's access."""
    accessed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who accesses personal data, for which purpose, and on which basis (a case, an agreement, a request)."""

    kind: Literal["service", "staff", "partner"]
    id: str
    purpose: Purpose
    basis: str


class DataAccessLog:
    """The accesses."""

    def __init__(self, db: Database, outbox: Outbox, new_id: NewId) -> None:
        self._rows = db.get_collection(DataAccessDocument)
        self._outbox = outbox
        self._new_id = new_id

    async def record(self, account_id: str, fields: Sequence[str], recipient: Recipient, *, at: datetime) -> str:
        """Record an access to *fields* of the account and return the id of its entry.

        The owner sees it in the access ledger.
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
        """Record an access to data of no account, which no ledger could show."""
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
        """Return the member of staff of those *entry_ids* that exist."""
        found = await self._rows.list({"_id": {"$in": list(entry_ids)}, "recipient_kind": "staff"})
        return {read.id: read.recipient_id for read in found}

    async def latest_entries(self, limit: int) -> list[DataAccessDocument]:
        """Return the newest accesses."""
        return await self._rows.list({}, sort=[("accessed_at", -1)], limit=limit)

    async def latest_by_partners(self, limit: int) -> list[DataAccessDocument]:
        """Return the newest accesses of partners."""
        return await self._rows.list({"recipient_kind": "partner"}, sort=[("accessed_at", -1)], limit=limit)

    async def record_denied(
        self, account_id: str, fields: Sequence[str], recipient: Recipient, *, at: datetime
    ) -> None:
        """Record that access to *fields* was denied for that purpose."""
        event = common_v1.PurposeDenied(
            account_id=account_id,
            recipient_kind=recipient.kind,
            recipient_id=recipient.id,
            fields=fields,
            purpose=recipient.purpose,
        )
        event.denied_at.FromDatetime(at)
        await self._outbox.put(event, subject=account_id)
