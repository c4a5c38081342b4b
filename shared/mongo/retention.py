"""Applies declared retention limits (C17), and builds the record of processing."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from shared.clock import Clock
from shared.mongo.database import Database
from shared.mongo.document import Document, retention_limits
from shared.personal import Personal, Retention, personal_fields


class RetentionSweeper:
    """Deletes each document once its shortest declared retention limit has passed."""

    def __init__(self, database: Database, documents: Iterable[type[Document]], clock: Clock) -> None:
        self._rules = [
            (document.collection, database.get_collection(document), since, limit)
            for document in documents
            for since, limit in retention_limits(document).items()
        ]
        self._clock = clock

    async def delete_expired(self) -> dict[str, int]:
        """Delete expired documents; return the counts above zero, by collection."""
        deleted: dict[str, int] = {}
        for name, collection, since, limit in self._rules:
            count = await collection.delete_many(_older_than(since, self._clock() - limit))
            if count:
                deleted[name] = deleted.get(name, 0) + count
        return deleted

    async def count_overdue(self, *, grace: timedelta = timedelta(hours=1)) -> int:
        """Return how many documents expired more than *grace* ago, which is longer than the sweeper may be late."""
        now = self._clock() - grace
        return sum(
            [
                await collection.count_documents(_older_than(since, now - limit))
                for _, collection, since, limit in self._rules
            ]
        )


def build_data_map(documents: Iterable[type[Document]]) -> list[dict[str, Any]]:
    """Return the record of processing of *documents* as JSON-compatible data, one entry for each collection."""
    return [
        {
            "collection": document.collection,
            "subject": document.subject,
            "fields": [_describe_field(name, mark) for name, mark in personal_fields(document).items()],
        }
        for document in documents
    ]


def _older_than(since: str, cutoff: datetime) -> dict[str, Any]:
    return {since: {"$lte": cutoff}}


def _describe_field(name: str, mark: Personal) -> dict[str, Any]:
    return {
        "field": name,
        "category": mark.category.value,
        "purposes": sorted(purpose.value for purpose in mark.purposes),
        "retention": _describe_retention(mark.retention),
    }


def _describe_retention(retention: Retention) -> str:
    if retention.limit is not None:
        return f"{retention.limit / timedelta(days=1):g} days after {retention.since}"
    return "until erased or no longer used" if retention.ends_unused else "until erased"
