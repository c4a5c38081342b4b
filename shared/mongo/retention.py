"""What the declarations of personal data say about time: the sweeper (C17), and the record of processing."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from shared.clock import Clock
from shared.mongo.database import Database
from shared.mongo.document import Document, retention_limits
from shared.personal import Keep, Personal, personal_fields


class RetentionSweeper:
    """Deletes each document as soon as the shortest limit that it declares has passed."""

    def __init__(self, database: Database, documents: Iterable[type[Document]], clock: Clock) -> None:
        self._rules = [
            (document.collection, database.collection(document), since, limit)
            for document in documents
            for since, limit in retention_limits(document).items()
        ]
        self._clock = clock

    async def sweep(self) -> dict[str, int]:
        """Delete what has passed its limit; return how many by collection, naming those that lost something."""
        erased: dict[str, int] = {}
        for name, collection, since, limit in self._rules:
            gone = await collection.delete(_older(since, self._clock() - limit))
            if gone:
                erased[name] = erased.get(name, 0) + gone
        return erased

    async def overdue(self, *, grace: timedelta = timedelta(hours=1)) -> int:
        """Return how many passed their limit more than *grace* ago: longer than a sweep may be late."""
        now = self._clock() - grace
        return sum([await collection.count(_older(since, now - limit)) for _, collection, since, limit in self._rules])


def data_map(documents: Iterable[type[Document]]) -> list[dict[str, Any]]:
    """Return the record of processing of *documents*: ready for JSON, one entry for each collection."""
    return [
        {
            "collection": document.collection,
            "subject": document.subject,
            "fields": [_declared(name, mark) for name, mark in personal_fields(document).items()],
        }
        for document in documents
    ]


def _older(since: str, cutoff: datetime) -> dict[str, Any]:
    return {since: {"$lte": cutoff}}


def _declared(name: str, mark: Personal) -> dict[str, Any]:
    return {
        "field": name,
        "category": mark.category.value,
        "purposes": sorted(purpose.value for purpose in mark.purposes),
        "keep": _kept(mark.keep),
    }


def _kept(keep: Keep) -> str:
    return "until erased" if keep.limit is None else f"{keep.limit / timedelta(days=1):g} days after {keep.since}"
