"""The ledger: one entry each time personal data was shown to anyone but its owner; only ever added to, until erased."""

from datetime import datetime
from typing import Annotated, ClassVar

from services.disclosure.domain import Shown
from shared.mongo import Collection, Database, Document, Index
from shared.personal import UNTIL_ERASED, Category, Personal, keep_for
from shared.policy import Purpose

_WHOSE = Personal(Category.PSEUDONYM, {Purpose.ACCOUNT, Purpose.EXPORT, Purpose.ERASURE}, UNTIL_ERASED)
_REFUSED = Personal(Category.PSEUDONYM, {Purpose.SECURITY}, keep_for(365, since="refused_at"))


class EntryDocument(Document):
    """Who saw whose data, which fields, what for, on what basis."""

    collection: ClassVar[str] = "ledger"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("account_id", "shown_at"), Index("reader_kind", "shown_at"))
    account_id: Annotated[str, _WHOSE]
    reader_kind: str
    reader_id: str
    fields: list[str]
    purpose: str
    basis: str
    shown_at: datetime


class RefusalDocument(Document):
    """A read that was refused because the field does not carry the purpose (C06)."""

    collection: ClassVar[str] = "refusals"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("refused_at"), Index("account_id"))
    account_id: Annotated[str, _REFUSED]
    reader_kind: str
    reader_id: str
    fields: list[str]
    purpose: str
    refused_at: datetime


class Ledger:
    """All entries and all refusals."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[EntryDocument] = db.collection(EntryDocument)
        self._refusals: Collection[RefusalDocument] = db.collection(RefusalDocument)

    async def add(self, entry: Shown) -> None:
        """Add *entry*; its id is unique, so that no entry is ever written over."""
        row = EntryDocument(
            id=entry.entry_id,
            account_id=entry.account_id,
            reader_kind=entry.reader_kind,
            reader_id=entry.reader_id,
            fields=list(entry.fields),
            purpose=entry.purpose,
            basis=entry.basis,
            shown_at=entry.shown_at,
        )
        await self._rows.insert(row)

    async def add_refusal(self, refusal: RefusalDocument) -> None:
        """Add a refusal."""
        await self._refusals.insert(refusal)

    async def of(self, account_id: str, *, limit: int = 500) -> list[Shown]:
        """Return the newest entries about one account, newest first."""
        rows = await self._rows.list({"account_id": account_id}, sort=[("shown_at", -1)], limit=limit)
        return [_shown(row) for row in rows]

    async def newest(self, *, reader_kind: str | None = None, limit: int = 2_000) -> list[Shown]:
        """Return the newest entries, of one kind of reader or of all."""
        wanted = {"reader_kind": reader_kind} if reader_kind else {}
        return [_shown(row) for row in await self._rows.list(wanted, sort=[("shown_at", -1)], limit=limit)]

    async def erase(self, account_id: str) -> int:
        """Erase all entries about one account; return how many."""
        await self._refusals.delete({"account_id": account_id})
        return await self._rows.delete({"account_id": account_id})


def _shown(row: EntryDocument) -> Shown:
    return Shown(
        entry_id=row.id,
        account_id=row.account_id,
        reader_kind=row.reader_kind,
        reader_id=row.reader_id,
        fields=tuple(row.fields),
        purpose=row.purpose,
        basis=row.basis,
        shown_at=row.shown_at,
    )
