"""The inbox: records handled events, so that a redelivered event has no second effect."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar, Final

from shared.clock import Clock
from shared.mongo import Database, Document, Index

INBOX_RETENTION: Final = timedelta(days=8)


class InboxDocument(Document):
    """The record that one queue has handled one event."""

    collection: ClassVar[str] = "inbox"
    indexes = (Index("handled_at", expire_after=INBOX_RETENTION),)

    handled_at: datetime


class AlreadyHandledError(Exception):
    """The queue has already handled this event."""


class Inbox:
    """The inbox of one queue."""

    def __init__(self, db: Database, queue: str, clock: Clock) -> None:
        self._rows, self._queue, self._clock = db.get_collection(InboxDocument), queue, clock

    async def mark_handled(self, message_ids: Iterable[str]) -> set[str]:
        """Mark events as handled; return the ids that were new."""
        keys = {self._key(message_id): message_id for message_id in message_ids}
        known = await self._rows.list({"_id": {"$in": list(keys)}})
        new = keys.keys() - {row.id for row in known}
        at = self._clock()
        await self._rows.insert_many(InboxDocument(id=key, handled_at=at) for key in new)
        return {keys[key] for key in new}

    async def has(self, message_id: str) -> bool:
        """Return whether an event was handled."""
        return await self._rows.get(self._key(message_id)) is not None

    def _key(self, message_id: str) -> str:
        return f"{self._queue}:{message_id}"
