"""The ledger: one entry each time personal data was shown to anyone but its owner; only ever added to, until erased."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from services.disclosure.domain import AccessEntry, DeniedAccess
from shared.mongo import Collection, Database, Document, Index, filter_after, sort_newest_first
from shared.personal import UNTIL_ERASED, Category, Personal, retain_for
from shared.policy import Purpose

_ENTRY_SUBJECT = Personal(Category.PSEUDONYM, {Purpose.ACCOUNT, Purpose.EXPORT, Purpose.ERASURE}, UNTIL_ERASED)
_DENIAL_SUBJECT = Personal(
    Category.PSEUDONYM, {Purpose.SECURITY, Purpose.EXPORT, Purpose.ERASURE}, retain_for(365, since="denied_at")
)


class AccessEntryDocument(Document):
    """Who saw whose data, which fields, what for, on what basis."""

    collection: ClassVar[str] = "access_entries"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("account_id", "accessed_at", "_id"),
        Index("accessed_at"),
        Index("recipient_kind", "accessed_at"),
    )
    account_id: Annotated[str, _ENTRY_SUBJECT]
    recipient_kind: str
    recipient_id: str
    fields: list[str]
    purpose: str
    basis: str
    accessed_at: datetime


class DeniedAccessDocument(Document):
    """A read that was refused because the field does not carry the purpose (C06)."""

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
    """That an account has, or had, entries: by its keyed hash, so that it leads to nobody once they are erased.

    Each entry moves it and an erasure ends it, in their own transactions: an entry and an erasure cannot both win.
    What is told of an erased account later is not written down any more.
    """

    collection: ClassVar[str] = "ledger_accounts"
    indexes: ClassVar[tuple[Index, ...]] = (Index("erased_at", expire_after=timedelta(days=90)),)
    entry_count: int
    erased_at: datetime | None = None


class AccessEntries:
    """All entries and all refusals."""

    def __init__(self, db: Database, blind_index: Callable[[str, str], str]) -> None:
        """*blind* makes the keyed hash of an account for a place."""
        self._rows: Collection[AccessEntryDocument] = db.get_collection(AccessEntryDocument)
        self._denials: Collection[DeniedAccessDocument] = db.get_collection(DeniedAccessDocument)
        self._accounts: Collection[LedgerAccountDocument] = db.get_collection(LedgerAccountDocument)
        self._transact = db.with_transaction
        self._blind = blind_index

    async def add(self, entry: AccessEntry) -> None:
        """Add *entry*; one that is there is never written over, and none is added of an erased account."""

        async def write() -> None:
            if await self._rows.get(entry.entry_id) is None and await self._lock_open_account(entry.account_id):
                await self._rows.insert_one(_to_entry_document(entry))

        await self._transact(write)

    async def add_denial(self, refusal: DeniedAccess) -> None:
        """Add a refusal, in the same way."""

        async def write() -> None:
            if await self._denials.get(refusal.denial_id) is None and await self._lock_open_account(refusal.account_id):
                await self._denials.insert_one(_to_denial_document(refusal))

        await self._transact(write)

    async def list_by_account(self, account_id: str, *, after: str | None, limit: int) -> list[AccessEntry]:
        """Return entries about one account, newest first, beginning behind the position *after*."""
        wanted = {"account_id": account_id, **filter_after("accessed_at", after)}
        return [
            _to_entry(row) for row in await self._rows.list(wanted, sort=sort_newest_first("accessed_at"), limit=limit)
        ]

    async def list_denials_by_account(self, account_id: str, *, after: str, limit: int) -> list[DeniedAccess]:
        """Return refusals about one account in the order of their ids, beginning behind *after*."""
        wanted = {"account_id": account_id, "_id": {"$gt": after}}
        return [_to_denial(row) for row in await self._denials.list(wanted, sort=["_id"], limit=limit)]

    async def list_newest(self, *, limit: int) -> list[AccessEntry]:
        """Return the newest entries about anybody."""
        return [_to_entry(row) for row in await self._rows.list({}, sort=[("accessed_at", -1)], limit=limit)]

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
        """Tell whether entries about the account may be added, and hold that until the transaction ends."""
        mark = self._account_hash(account_id)
        book = await self._accounts.get(mark)
        if book is None:
            await self._accounts.insert_one(LedgerAccountDocument(id=mark, entry_count=1))
            return True
        return await self._accounts.update_one({"_id": mark, "erased_at": None}, {"$inc": {"entry_count": 1}}) == 1

    def _account_hash(self, account_id: str) -> str:
        return self._blind(LedgerAccountDocument.collection, account_id)


def _to_entry_document(entry: AccessEntry) -> AccessEntryDocument:
    return AccessEntryDocument(
        id=entry.entry_id,
        account_id=entry.account_id,
        recipient_kind=entry.recipient_kind,
        recipient_id=entry.recipient_id,
        fields=list(entry.fields),
        purpose=entry.purpose,
        basis=entry.basis,
        accessed_at=entry.accessed_at,
    )


def _to_entry(row: AccessEntryDocument) -> AccessEntry:
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
