"""The events of the processor: received once, applied once, parked while what they are about is not known here."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.payments.domain.processor_events import (
    PARKED_ALARM_AFTER,
    EventObject,
    EventState,
    StoredEvent,
    classify_event,
    next_try,
)
from services.payments.errors import InvalidEventError
from services.payments.ports import (
    EventVerifier,
    InvalidSignatureError,
    ProcessorClosedError,
    ProcessorRejectedError,
    ProcessorTimeoutError,
)
from services.payments.service.card_page_declines import CardPageDeclines
from services.payments.service.card_updates import CardUpdater
from services.payments.service.processor_reports import ProcessorReports
from services.payments.store import ProcessorEvents
from shared import observe

log = observe.get_logger(__name__)

BATCH_SIZE = 200


def _event_counter() -> observe.Counter:
    counter = observe.counter(
        "candor_payments_processor_events_total", "Events of the processor by what became of them.", ("outcome",)
    )
    for outcome in (*EventState, "repeated", "rejected"):
        counter.labels(outcome)
    return counter


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorEventService:
    """Receives events, and applies those that are parked."""

    outcomes: ClassVar[observe.Counter] = _event_counter()

    verifier: EventVerifier
    events: ProcessorEvents
    reports: ProcessorReports
    card_updater: CardUpdater
    page_declines: CardPageDeclines

    async def receive_event(self, body: bytes, signature: str, *, at: datetime) -> None:
        """Store a signed event and apply it; returns when it is applied or parked. Repeated, it has no effect.

        Raises InvalidEventError for a signature that is wrong, old or from the future.
        """
        try:
            parsed = self.verifier.parse_event(body, signature, at=at)
        except InvalidSignatureError:
            self.outcomes.labels("rejected").inc()
            raise InvalidEventError from None
        event = StoredEvent(
            event_id=parsed.event_id, type=parsed.type, object_id=parsed.object_id, attempts=1, received_at=at
        )
        if await self.events.add(event, due_at=next_try(1, at) or at):
            await self._apply(event, at)
        else:
            self.outcomes.labels("repeated").inc()

    async def apply_due(self, *, at: datetime) -> int:
        """Try the parked events that are due again; return how many there were."""
        due = await self.events.list_due(at=at, limit=BATCH_SIZE)
        for event in due:
            # Before it is applied: an event that makes the worker fail must not keep it from the others.
            if await self._schedule(event, at):
                await self._apply(event, at)
        return len(due)

    async def count_overdue(self, *, at: datetime) -> int:
        """Return how many events are parked for longer than an hour, or abandoned."""
        return await self.events.count_parked(before=at - PARKED_ALARM_AFTER)

    async def _apply(self, event: StoredEvent, at: datetime) -> None:
        subject = classify_event(event.type)
        if subject is None:
            await self._complete(event, EventState.IGNORED)
        elif await self._settle(subject, event.object_id, at):
            await self._complete(event, EventState.APPLIED)
        elif event.attempts == 1:
            self.outcomes.labels(EventState.PARKED.value).inc()

    async def _settle(self, subject: EventObject, object_id: str, at: datetime) -> bool:
        try:
            match subject:
                case EventObject.PAYMENT:
                    return await self.reports.settle_payment(object_id, at=at)
                case EventObject.REFUND:
                    return await self.reports.settle_refund(object_id, at=at)
                case EventObject.DISPUTE:
                    return await self.reports.settle_dispute(object_id, at=at)
                case EventObject.CARD:
                    return await self.card_updater.update(object_id, at=at)
                case EventObject.CARD_PAGE:
                    return await self.page_declines.settle_decline(object_id, at=at)
        except (ProcessorTimeoutError, ProcessorClosedError, ProcessorRejectedError):
            return False

    async def _complete(self, event: StoredEvent, state: EventState) -> None:
        await self.events.complete(event.event_id, state)
        self.outcomes.labels(state.value).inc()

    async def _schedule(self, event: StoredEvent, at: datetime) -> bool:
        """Record one more try and the time of the next; False when the event has had all its tries."""
        due_at = next_try(event.attempts + 1, at)
        if due_at is None:
            log.error("processor_event.abandoned", event_id=event.event_id, type=event.type)
            await self._complete(event, EventState.ABANDONED)
            return False
        await self.events.schedule_retry(event.event_id, attempts=event.attempts + 1, due_at=due_at)
        return True
