"""The inbox of the processor's events. Of a body only ids are kept: it may describe a person or a card."""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from services.payments.domain.processor_events import EventState, StoredEvent
from shared.mongo import Collection, Database, Document, DuplicateError, Index

EVENT_RETENTION = timedelta(days=30)
"""Longer than the processor repeats an event, so that a repeated one is recognized."""


class ProcessorEventDocument(Document):
    """An event by its id at the processor. TTL: 30 days."""

    collection: ClassVar[str] = "processor_events"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("state", "due_at"),
        Index("received_at", expire_after=EVENT_RETENTION),
    )
    type: Annotated[str, Field(max_length=100)]
    object_id: Annotated[str, Field(max_length=255)]
    state: EventState
    attempts: int
    due_at: datetime
    """When it is tried again, while it is parked."""
    received_at: datetime


class ProcessorEvents:
    """The received events."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[ProcessorEventDocument] = db.get_collection(ProcessorEventDocument)

    async def add(self, event: StoredEvent, *, due_at: datetime) -> bool:
        """Insert an event as parked; False when it was received before."""
        row = ProcessorEventDocument(
            id=event.event_id,
            type=event.type,
            object_id=event.object_id,
            state=EventState.PARKED,
            attempts=event.attempts,
            due_at=due_at,
            received_at=event.received_at,
        )
        try:
            await self._rows.insert_one(row)
        except DuplicateError:
            return False
        return True

    async def complete(self, event_id: str, state: EventState) -> None:
        """Record the final state of a parked event."""
        await self._rows.update_one({"_id": event_id, "state": "parked"}, {"$set": {"state": state.value}})

    async def schedule_retry(self, event_id: str, *, attempts: int, due_at: datetime) -> None:
        """Record one more try of a parked event and the time of the next."""
        change = {"$set": {"attempts": attempts, "due_at": due_at}}
        await self._rows.update_one({"_id": event_id, "state": "parked"}, change)

    async def list_due(self, *, at: datetime, limit: int) -> list[StoredEvent]:
        """Return the parked events that are due, the earliest first."""
        wanted = {"state": "parked", "due_at": {"$lte": at}}
        return [_stored(row) for row in await self._rows.list(wanted, sort=["due_at"], limit=limit)]

    async def count_parked(self, *, before: datetime) -> int:
        """Return how many events are parked since *before*, or were abandoned."""
        parked = {"state": "parked", "received_at": {"$lte": before}}
        return await self._rows.count_documents(parked) + await self._rows.count_documents({"state": "abandoned"})


def _stored(row: ProcessorEventDocument) -> StoredEvent:
    return StoredEvent(
        event_id=row.id, type=row.type, object_id=row.object_id, attempts=row.attempts, received_at=row.received_at
    )
