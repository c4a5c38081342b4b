"""The journal. Its entries name a charge and no account, so an erasure leaves them as they are."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from services.payments.domain.journal import EntryKind, JournalAccount, JournalEntry, JournalLine
from services.payments.store.fields import BOOKS_RETENTION_DAYS
from shared.mongo import Collection, Database, Document, EmbeddedValue, Index


class JournalLineValue(EmbeddedValue):
    """A line of an entry."""

    account: JournalAccount
    amount: int


class JournalEntryDocument(Document):
    """An entry; its lines total zero. Kept as long as the charge."""

    collection: ClassVar[str] = "journal_entries"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("charge_id"),
        Index("recorded_at", expire_after=timedelta(days=BOOKS_RETENTION_DAYS)),
    )
    kind: EntryKind
    charge_id: str
    source_id: str
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    lines: list[JournalLineValue]
    recorded_at: datetime


class JournalEntries:
    """The entries of all charges; they are added, and never changed."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[JournalEntryDocument] = db.get_collection(JournalEntryDocument)

    async def add(self, entries: Sequence[JournalEntry]) -> None:
        """Insert *entries*, in the ambient transaction; DuplicateError when one of them is booked already."""
        await self._rows.insert_many([_document(entry) for entry in entries])

    async def list_by_charges(self, charge_ids: Sequence[str]) -> list[JournalEntry]:
        """Return the entries of these charges."""
        return [_entry(row) for row in await self._rows.list({"charge_id": {"$in": list(charge_ids)}})]


def _document(entry: JournalEntry) -> JournalEntryDocument:
    return JournalEntryDocument(
        id=entry.entry_id,
        kind=entry.kind,
        charge_id=entry.charge_id,
        source_id=entry.source_id,
        currency=entry.currency,
        lines=[JournalLineValue(account=line.account, amount=line.amount) for line in entry.lines],
        recorded_at=entry.recorded_at,
    )


def _entry(row: JournalEntryDocument) -> JournalEntry:
    return JournalEntry(
        kind=row.kind,
        charge_id=row.charge_id,
        source_id=row.source_id,
        currency=row.currency,
        lines=tuple(JournalLine(account=line.account, amount=line.amount) for line in row.lines),
        recorded_at=row.recorded_at,
    )
