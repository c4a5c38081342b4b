"""Writes as values: a prepared transaction, which a driver commits in one go.

``Database.with_transaction`` runs any code, and each operation in it is a task of the event loop and with Motor a
change of threads. A request whose writes are all known beforehand hands them over together instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pymongo.errors import PyMongoError

from shared.errors import ServiceError
from shared.mongo.document import Document
from shared.mongo.index_prefix import Filter


@dataclass(frozen=True, slots=True)
class Insert:
    """Inserts *document*; with *on_duplicate*, that error instead of DuplicateError when a unique value is taken."""

    document: Document
    on_duplicate: type[ServiceError] | None = None


@dataclass(frozen=True, slots=True)
class Replace:
    """Replaces the document with the id of *document* that also matches *expect*; *on_missing* when there is none."""

    document: Document
    expect: Filter
    on_missing: type[ServiceError]


@dataclass(frozen=True, slots=True)
class Change:
    """Applies *change* (``{"$set": …}``) to the document with this *id*; *on_missing* when there is none."""

    document: type[Document]
    id: str
    change: Mapping[str, Any]
    on_missing: type[ServiceError]


Write = Insert | Replace | Change


@dataclass(frozen=True, slots=True)
class RawWrite:
    """A write as the drivers execute it: collection, method and arguments, and whether it must match a document."""

    collection: str
    method: str
    arguments: tuple[Any, ...]
    must_match: bool

    @classmethod
    def from_write(cls, write: Write) -> "RawWrite":
        """Return *write* with its documents as they are stored."""
        match write:
            case Insert(document=document):
                return cls(document.collection, "insert_one", (document.to_mongo(),), must_match=False)
            case Replace(document=document, expect=expect):
                wanted = {**expect, "_id": document.id}
                return cls(document.collection, "replace_one", (wanted, document.to_mongo()), must_match=True)
            case Change(document=document_type, id=wanted_id, change=change):
                return cls(document_type.collection, "update_one", ({"_id": wanted_id}, dict(change)), must_match=True)


class WriteFailedError(Exception):
    """One of the writes failed, so none is stored: its place, and the fault; None when nothing matched."""

    def __init__(self, place: int, fault: PyMongoError | None) -> None:
        super().__init__(f"write {place} failed")
        self.place, self.fault = place, fault
