"""Facts to be told, stored with the change that they tell of: committed together or not at all."""

import asyncio
from datetime import datetime

from google.protobuf.message import Message

from shared import observe
from shared.bus.envelope import EventEnvelope
from shared.bus.events import event_type
from shared.clock import Clock
from shared.ids import new_id
from shared.mongo import Database, Document, Index


class OutboxDocument(Document):
    """A fact that the broker has not confirmed yet."""

    collection = "outbox"
    indexes = (Index("due_at"), Index("created_at"))

    type: str
    source: str
    about: str
    traceparent: str
    body: bytes
    created_at: datetime
    due_at: datetime
    attempts: int = 0
    unwanted: bool = False
    """No queue has wanted it so far: whoever wants it has never started yet, or nobody does."""

    def to_envelope(self) -> EventEnvelope:
        """Return the fact as it goes on the wire; its id stays the same however often it is sent."""
        return EventEnvelope(
            id=self.id,
            type=self.type,
            source=self.source,
            time=self.created_at,
            subject=self.about,
            traceparent=self.traceparent,
            body=self.body,
        )


class Outbox:
    """Where a service puts the facts that it tells."""

    def __init__(self, db: Database, service: str, clock: Clock) -> None:
        self._db, self._service, self._clock = db, service, clock
        self._rows = db.get_collection(OutboxDocument)
        self.has_messages = asyncio.Event()
        """Set when rows of this process have been committed: the relay need not wait for its next look."""

    async def put(self, message: Message, *, subject: str = "") -> str:
        """Store a fact about *subject* in the ambient transaction and return its id; it is told once committed."""
        at = self._clock()
        row = OutboxDocument(
            id=new_id("evt"),
            type=event_type(message, self._service),
            source=f"/{self._service}",
            about=subject,
            traceparent=observe.current_traceparent(),
            body=message.SerializeToString(),
            created_at=at,
            due_at=at,
        )
        await self._rows.insert_one(row)
        self._db.after_commit(self.has_messages.set)
        return row.id
