"""What a queue has handled already: a fact that is delivered again has no second effect."""

from datetime import datetime, timedelta
from typing import ClassVar, Final

from shared.clock import Clock
from shared.mongo import Database, Document, DuplicateError, Index

REMEMBERED: Final = timedelta(days=8)


class InboxRow(Document):
    """The mark of one fact handled by one queue."""

    collection: ClassVar[str] = "inbox"
    indexes = (Index("handled_at", expire_after=REMEMBERED),)

    handled_at: datetime


class AlreadyHandledError(Exception):
    """The queue has handled this fact before."""


class Inbox:
    """The marks of one queue."""

    def __init__(self, db: Database, queue: str, clock: Clock) -> None:
        self._rows, self._queue, self._clock = db.collection(InboxRow), queue, clock

    async def mark(self, message_id: str) -> None:
        """Mark a fact as handled; AlreadyHandledError when it was."""
        try:
            await self._rows.insert(InboxRow(id=self._key(message_id), handled_at=self._clock()))
        except DuplicateError as fault:
            raise AlreadyHandledError(message_id) from fault

    async def has(self, message_id: str) -> bool:
        """Tell whether a fact was handled."""
        return await self._rows.get(self._key(message_id)) is not None

    def _key(self, message_id: str) -> str:
        return f"{self._queue}:{message_id}"
