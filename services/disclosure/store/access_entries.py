"""The access ledger: one entry for each access to personal data by anyone but its owner. Append-only until erased."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from services.disclosure.domain import SALT_SIZE, AccessEntry, DeniedAccess
from shared.ids import random_bytes
from shared.mongo import Collection, Database, Document, Index, filter_after, sort_newest_first
from shared.personal import UNTIL_ERASED, Category, Personal, retain_for
from shared.policy import Purpose

_ENTRY_SUBJECT = Personal(Category.PSEUDONYM, {Purpose.ACCOUNT, Purpose.EXPORT, Purpose.ERASURE}, UNTIL_ERASED)
_DENIAL_SUBJECT = Personal(
    Category.PSEUDONYM, {Purpose.SECURITY, Purpose.EXPORT, Purpose.ERASURE}, retain_for(365, since="denied_at")
)


class AccessEntryDocument(Document):
    """One access: recipient, account, fields, purpose and legal basis."""

    collection: ClassVar[str] = "access_entries"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("account_id", "accessed_at", "_id"),
        Index("accessed_at"),
        Index("recipient_kind", "accessed_at"),
        Index("batch_first", "_id"),
    )
    account_id: Annotated[str, _ENTRY_SUBJECT]
    recipient_kind: str
    recipient_id: str
    fields: list[str]
    purpose: str
    basis: str
    accessed_at: datetime
    salt: bytes
    """Of its leaf in the transparency log; it goes with the entry."""
    batch_first: int | None = None
    """The index of the first leaf of its batch; None while it waits (``log.py``)."""


class DeniedAccessDocument(Document):
    """An access that was denied because the field does not allow the purpose (C06)."""

    collection: ClassVar[str] = "denied_accesses"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("denied_at"), Index("account_id", "_id"))
    account_id: Annotated[str, _DENIAL_SUBJECT]
    recipient_kind: str
    recipient_id: str
    fields: list[str]
    purpose: str
    denied_at: datetime


class LedgerAccountDocument(Document):
    """Marks an account that has ledger entries. The id is a keyed hash, so it stays anonymous after erasure.

    Every new entry updates it and an erasure closes it, each in its transaction, so that the two conflict: entries
    that arrive after an erasure are dropped.
    """

    collection: ClassVar[str] = "ledger_accounts"
    indexes: ClassVar[tuple[Index, ...]] = (Index("erased_at", expire_after=timedelta(days=90)),)
    entry_count: int
    erased_at: datetime | None = None


class AccessEntries:
    """The collections of accesses and denied accesses."""

    def __init__(self, db: Database, blind_index: Callable[[str, str], str]) -> None:
        """*blind_index* returns the keyed hash of an account for a collection."""
        self._rows: Collection[AccessEntryDocument] = db.get_collection(AccessEntryDocument)
        self._denials: Collection[DeniedAccessDocument] = db.get_collection(DeniedAccessDocument)
        self._accounts: Collection[LedgerAccountDocument] = db.get_collection(LedgerAccountDocument)
        self._transact = db.with_transaction
        self._blind = blind_index

    async def add(self, entry: AccessEntry) -> None:
        """Insert *entry* unless it exists or its account is erased."""

        async def write() -> None:
            if await self._rows.get(entry.entry_id) is None and await self._lock_open_account(entry.account_id):
                await self._rows.insert_one(_to_entry_document(entry, random_bytes(SALT_SIZE)))

        await self._transact(write)

    async def add_denial(self, refusal: DeniedAccess) -> None:
        """Insert a denied access, under the same conditions."""

        async def write() -> None:
            if await self._denials.get(refusal.denial_id) is None and await self._lock_open_account(refusal.account_id):
                await self._denials.insert_one(_to_denial_document(refusal))

        await self._transact(write)

    async def list_by_account(self, account_id: str, *, after: str | None, limit: int) -> list[AccessEntry]:
        """Return entries of one account, newest first, after the position *after*."""
        wanted = {"account_id": account_id, **filter_after("accessed_at", after)}
        return [
            to_entry(row) for row in await self._rows.list(wanted, sort=sort_newest_first("accessed_at"), limit=limit)
        ]

    async def list_denials_by_account(self, account_id: str, *, after: str, limit: int) -> list[DeniedAccess]:
        """Return denied accesses of one account ordered by id, after *after*."""
        wanted = {"account_id": account_id, "_id": {"$gt": after}}
        return [_to_denial(row) for row in await self._denials.list(wanted, sort=["_id"], limit=limit)]

    async def list_newest(self, *, limit: int) -> list[AccessEntry]:
        """Return the newest entries of all accounts."""
        return [to_entry(row) for row in await self._rows.list({}, sort=[("accessed_at", -1)], limit=limit)]

    async def erase(self, account_id: str, *, at: datetime) -> dict[str, int]:
        """Erase all about one account, and remember by a keyed hash that it is gone; return what was erased."""
        await self._accounts.upsert_one(
            LedgerAccountDocument(id=self._account_hash(account_id), entry_count=0, erased_at=at)
        )
        return {
            AccessEntryDocument.collection: await self._rows.delete_many({"account_id": account_id}),
            DeniedAccessDocument.collection: await self._denials.delete_many({"account_id": account_id}),
        }

    async def _lock_open_account(self, account_id: str) -> bool:
        """Whether entries of the account may be added; locks that answer until the transaction ends."""
        mark = self._account_hash(account_id)
        book = await self._accounts.get(mark)
        if book is None:
            await self._accounts.insert_one(LedgerAccountDocument(id=mark, entry_count=1))
            return True
        return await self._accounts.update_one({"_id": mark, "erased_at": None}, {"$inc": {"entry_count": 1}}) == 1

    def _account_hash(self, account_id: str) -> str:
        return self._blind(LedgerAccountDocument.collection, account_id)


def _to_entry_document(entry: AccessEntry, salt: bytes) -> AccessEntryDocument:
    return AccessEntryDocument(
        id=entry.entry_id,
        account_id=entry.account_id,
        recipient_kind=entry.recipient_kind,
        recipient_id=entry.recipient_id,
        fields=list(entry.fields),
        purpose=entry.purpose,
        basis=entry.basis,
        accessed_at=entry.accessed_at,
        salt=salt,
    )


def to_entry(row: AccessEntryDocument) -> AccessEntry:
    """Return the entry of *row*."""
    return AccessEntry(
        entry_id=row.id,
        account_id=row.account_id,
        recipient_kind=row.recipient_kind,
        recipient_id=row.recipient_id,
        fields=tuple(row.fields),
        purpose=row.purpose,
        basis=row.basis,
        accessed_at=row.accessed_at,
    )


def _to_denial_document(refusal: DeniedAccess) -> DeniedAccessDocument:
    return DeniedAccessDocument(
        id=refusal.denial_id,
        account_id=refusal.account_id,
        recipient_kind=refusal.recipient_kind,
        recipient_id=refusal.recipient_id,
        fields=list(refusal.fields),
        purpose=refusal.purpose,
        denied_at=refusal.denied_at,
    )


def _to_denial(row: DeniedAccessDocument) -> DeniedAccess:
    return DeniedAccess(
        denial_id=row.id,
        account_id=row.account_id,
        recipient_kind=row.recipient_kind,
        recipient_id=row.recipient_id,
        fields=tuple(row.fields),
        purpose=row.purpose,
        denied_at=row.denied_at,
    )
