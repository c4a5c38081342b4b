"""The erasure ledger: keyed hashes of erased accounts. Also finds residual data of an account in any collection.

Like the keys of subjects, ``erased_accounts`` and ``purged_children`` are backed up apart from the rest: a restore
must not lose the erasures made since the backup.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from services.identity.domain.privacy_requests.lifecycle import ERASURE_LEDGER_RETENTION
from shared.crypto import SubjectKeyDocument, Vault
from shared.mongo import Database, Document, Index
from shared.personal import Category, Personal, retain_for
from shared.policy import Purpose

_RETENTION = retain_for(ERASURE_LEDGER_RETENTION / timedelta(days=1), since="erased_at")
_BATCH_SIZE = 500


class ErasureLedgerEntryDocument(Document):
    """An erased account. The id is a keyed hash of the account id."""

    collection: ClassVar[str] = "erased_accounts"
    subject: ClassVar[str | None] = "id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("erased_at"),)

    id: Annotated[str, Personal(Category.PSEUDONYM, {Purpose.ERASURE}, _RETENTION)]
    erased_at: datetime


class PurgedChildDocument(Document):
    """The blind index of a purged child's address. Only a later age screen allows a new account there."""

    collection: ClassVar[str] = "purged_children"
    subject: ClassVar[str | None] = "id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("erased_at"),)

    id: Annotated[str, Personal(Category.CONTACT, {Purpose.ERASURE, Purpose.SECURITY}, _RETENTION)]
    erased_at: datetime


class ErasureLedger:
    """The erasure ledger."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows = db.get_collection(ErasureLedgerEntryDocument)
        self._children = db.get_collection(PurgedChildDocument)
        self._vault = vault

    async def add(self, account_id: str, *, at: datetime) -> None:
        """Add an erased account, in the ambient transaction."""
        await self._rows.upsert_one(ErasureLedgerEntryDocument(id=self._hash(account_id), erased_at=at))

    async def filter_erased(self, account_ids: Iterable[str]) -> list[str]:
        """Return those of *account_ids* that were erased."""
        found: list[str] = []
        wanted = list(account_ids)
        for start in range(0, len(wanted), _BATCH_SIZE):
            hashes = {self._hash(account_id): account_id for account_id in wanted[start : start + _BATCH_SIZE]}
            rows = await self._rows.list({"_id": {"$in": list(hashes)}})
            found += [hashes[row.id] for row in rows]
        return found

    async def record_purged_child(self, email_index: str, *, at: datetime) -> None:
        """Record that a child's account at this address was purged, in the ambient transaction."""
        await self._children.upsert_one(PurgedChildDocument(id=email_index, erased_at=at))

    async def get_purged_at(self, email_index: str) -> datetime | None:
        """Return when a child's account at this address was purged, or None. Earlier age screens are void."""
        row = await self._children.get(email_index)
        return None if row is None else row.erased_at

    async def list_purged_children(self) -> list[PurgedChildDocument]:
        """Return the addresses of purged children."""
        return await self._children.list({}, limit=1_000)

    def _hash(self, account_id: str) -> str:
        return self._vault.blind_index(ErasureLedgerEntryDocument.collection, account_id)


class ResidualData:
    """The data of an account in any collection, found by the subject that its documents declare."""

    def __init__(self, db: Database, documents: Sequence[type[Document]]) -> None:
        """Search *documents*; leave out those whose subject is not an account."""
        self._collections = [
            (one.collection, _stored_subject_field(one), db.get_collection(one)) for one in documents if one.subject
        ]
        self._keys = db.get_collection(SubjectKeyDocument)

    async def list_subjects(self) -> set[str]:
        """Return the ids of all accounts with any data."""
        found: set[str] = set()
        for _, field, rows in self._collections:
            groups: list[dict[str, Any]] = await rows.run_pipeline([{"$group": {"_id": f"${field}"}}])
            found |= {str(group["_id"]) for group in groups if group["_id"] is not None}
        return found | {key.id async for key in self._keys.iter_documents({})}

    async def erase(self, account_id: str) -> dict[str, int]:
        """Delete all data of the account; return the number of documents by collection."""
        return {name: await rows.delete_many({field: account_id}) for name, field, rows in self._collections}


def _stored_subject_field(document: type[Document]) -> str:
    return "_id" if document.subject == "id" else str(document.subject)
