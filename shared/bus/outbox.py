"""The transactional outbox: an event is stored with the change that it reports, committed together or not at all."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from google.protobuf.message import Message

from shared import observe
from shared.bus.envelope import EventEnvelope
from shared.bus.events import event_type
from shared.clock import Clock
from shared.ids import new_id
from shared.mongo import Database, Document, Index

_unconsumed = observe.counter(
    "candor_outbox_unconsumed_events_total", "Events not published because no service consumes them.", ("type",)
)


class OutboxDocument(Document):
    """An event that the broker has not confirmed yet."""

    collection = "outbox"
    indexes = (Index("due_at"), Index("created_at"))

    type: str
    source: str
    event_subject: str
    traceparent: str
    body: bytes
    created_at: datetime
    due_at: datetime
    attempts: int = 0
    unroutable: bool = False
    """No queue has accepted it so far: the consumers in the registry have not started yet."""

    def to_envelope(self) -> EventEnvelope:
        """Return the event as it goes on the wire; its id stays the same however often it is sent."""
        return EventEnvelope(
            id=self.id,
            type=self.type,
            source=self.source,
            time=self.created_at,
            subject=self.event_subject,
            traceparent=self.traceparent,
            body=self.body,
        )


OnEvent = Callable[[str, str, Message], Awaitable[None]]
"""Called with the id, the type and the message of each event, in the transaction that publishes it."""


def _always(_event_type: str) -> bool:
    return True


class Outbox:
    """Stores the events that a service publishes."""

    def __init__(
        self, db: Database, service: str, clock: Clock, *, has_consumer: Callable[[str], bool] = _always
    ) -> None:
        """*has_consumer* returns whether any service consumes an event type; by default every event is stored."""
        self._db, self._service, self._clock = db, service, clock
        self._has_consumer = has_consumer
        self._rows = db.get_collection(OutboxDocument)
        self._listeners: list[OnEvent] = []
        self.has_messages = asyncio.Event()
        """Set when rows of this process have been committed: the relay need not wait for its next poll."""

    def on(self, listener: OnEvent) -> None:
        """Register *listener* for every event of the service, while the service is being composed."""
        self._listeners.append(listener)

    async def put(self, message: Message, *, subject: str = "") -> str:
        """Store an event about *subject* in the ambient transaction and return its id; it is published once committed.

        An event that no service consumes is counted and not stored: no queue would take it, and its row would wait
        for a consumer that does not exist.
        """
        event_id, kind = new_id("evt"), event_type(message, self._service)
        for listener in self._listeners:
            await listener(event_id, kind, message)
        if self._has_consumer(kind):
            await self._store(event_id, kind, message, subject)
        else:
            self._db.after_commit(_unconsumed.labels(kind).inc)
        return event_id

    async def _store(self, event_id: str, kind: str, message: Message, subject: str) -> None:
        at = self._clock()
        row = OutboxDocument(
            id=event_id,
            type=kind,
            source=f"/{self._service}",
            event_subject=subject,
            traceparent=observe.current_traceparent(),
            body=message.SerializeToString(),
            created_at=at,
            due_at=at,
        )
        await self._rows.insert_one(row)
        self._db.after_commit(self.has_messages.set)
