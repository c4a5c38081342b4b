"""The ledger: one entry each time personal data was shown to anyone but its owner; only ever added to, until erased."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from services.disclosure.domain import Refusal, Shown
from services.disclosure.store.paging import newest_first, older
from shared.mongo import Collection, Database, Document, Index
from shared.personal import UNTIL_ERASED, Category, Personal, keep_for
from shared.policy import Purpose

_WHOSE = Personal(Category.PSEUDONYM, {Purpose.ACCOUNT, Purpose.EXPORT, Purpose.ERASURE}, UNTIL_ERASED)
_REFUSED = Personal(
    Category.PSEUDONYM, {Purpose.SECURITY, Purpose.EXPORT, Purpose.ERASURE}, keep_for(365, since="refused_at")
)


class EntryDocument(Document):
    """Who saw whose data, which fields, what for, on what basis."""

    collection: ClassVar[str] = "ledger"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("account_id", "shown_at", "_id"),
        Index("shown_at"),
        Index("reader_kind", "shown_at"),
    )
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
    indexes: ClassVar[tuple[Index, ...]] = (Index("refused_at"), Index("account_id", "_id"))
    account_id: Annotated[str, _REFUSED]
    reader_kind: str
    reader_id: str
    fields: list[str]
    purpose: str
    refused_at: datetime


class BookDocument(Document):
    """That an account has, or had, entries: by its keyed hash, so that it leads to nobody once they are erased.

    Each entry moves it and an erasure ends it, in their own transactions: an entry and an erasure cannot both win.
    What is told of an erased account later is not written down any more.
    """

    collection: ClassVar[str] = "books"
    indexes: ClassVar[tuple[Index, ...]] = (Index("erased_at", expire_after=timedelta(days=90)),)
    entries: int
    erased_at: datetime | None = None


class Ledger:
    """All entries and all refusals."""

    def __init__(self, db: Database, blind: Callable[[str, str], str]) -> None:
        """*blind* makes the keyed hash of an account for a place."""
        self._rows: Collection[EntryDocument] = db.collection(EntryDocument)
        self._refusals: Collection[RefusalDocument] = db.collection(RefusalDocument)
        self._books: Collection[BookDocument] = db.collection(BookDocument)
        self._transact = db.transact
        self._blind = blind

    async def add(self, entry: Shown) -> None:
        """Add *entry*; one that is there is never written over, and none is added of an erased account."""

        async def write() -> None:
            if await self._rows.get(entry.entry_id) is None and await self._is_open(entry.account_id):
                await self._rows.insert(_row(entry))

        await self._transact(write)

    async def add_refusal(self, refusal: Refusal) -> None:
        """Add a refusal, in the same way."""

        async def write() -> None:
            if await self._refusals.get(refusal.refusal_id) is None and await self._is_open(refusal.account_id):
                await self._refusals.insert(_refusal_row(refusal))

        await self._transact(write)

    async def of(self, account_id: str, *, after: str | None, most: int) -> list[Shown]:
        """Return entries about one account, newest first, beginning behind the position *after*."""
        wanted = {"account_id": account_id, **older("shown_at", after)}
        return [_shown(row) for row in await self._rows.list(wanted, sort=newest_first("shown_at"), limit=most)]

    async def refusals_of(self, account_id: str, *, after: str, most: int) -> list[Refusal]:
        """Return refusals about one account in the order of their ids, beginning behind *after*."""
        wanted = {"account_id": account_id, "_id": {"$gt": after}}
        return [_refusal(row) for row in await self._refusals.list(wanted, sort=["_id"], limit=most)]

    async def newest(self, *, most: int) -> list[Shown]:
        """Return the newest entries about anybody."""
        return [_shown(row) for row in await self._rows.list({}, sort=[("shown_at", -1)], limit=most)]

    async def erase(self, account_id: str, *, at: datetime) -> dict[str, int]:
        """Erase all about one account, and remember by a keyed hash that it is gone; return what was erased."""
        await self._books.upsert(BookDocument(id=self._mark(account_id), entries=0, erased_at=at))
        return {
            EntryDocument.collection: await self._rows.delete({"account_id": account_id}),
            RefusalDocument.collection: await self._refusals.delete({"account_id": account_id}),
        }

    async def _is_open(self, account_id: str) -> bool:
        """Tell whether entries about the account may be added, and hold that until the transaction ends."""
        mark = self._mark(account_id)
        book = await self._books.get(mark)
        if book is None:
            await self._books.insert(BookDocument(id=mark, entries=1))
            return True
        return await self._books.update({"_id": mark, "erased_at": None}, {"$inc": {"entries": 1}}) == 1

    def _mark(self, account_id: str) -> str:
        return self._blind(BookDocument.collection, account_id)


def _row(entry: Shown) -> EntryDocument:
    return EntryDocument(
        id=entry.entry_id,
        account_id=entry.account_id,
        reader_kind=entry.reader_kind,
        reader_id=entry.reader_id,
        fields=list(entry.fields),
        purpose=entry.purpose,
        basis=entry.basis,
        shown_at=entry.shown_at,
    )


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


def _refusal_row(refusal: Refusal) -> RefusalDocument:
    return RefusalDocument(
        id=refusal.refusal_id,
        account_id=refusal.account_id,
        reader_kind=refusal.reader_kind,
        reader_id=refusal.reader_id,
        fields=list(refusal.fields),
        purpose=refusal.purpose,
        refused_at=refusal.refused_at,
    )


def _refusal(row: RefusalDocument) -> Refusal:
    return Refusal(
        refusal_id=row.id,
        account_id=row.account_id,
        reader_kind=row.reader_kind,
        reader_id=row.reader_id,
        fields=tuple(row.fields),
        purpose=row.purpose,
        refused_at=row.refused_at,
    )
