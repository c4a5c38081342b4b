"""The events that a service consumes, declared as values."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from google.protobuf.message import DecodeError, Message

from shared.bus.errors import MalformedMessageError
from shared.bus.events import event_type
from shared.bus.topology import BroadcastQueue, WorkQueue
from shared.ids import new_id

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDelivery:
    """The metadata of a delivered event."""

    message_id: str
    type: str
    subject: str
    time: datetime
    redelivered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EventHandler:
    """The handler of one event type; see ``on``."""

    event_type: str
    message_type: type[Message]
    run: Callable[[Any, EventDelivery], Awaitable[None]]
    transactional: bool

    def parse(self, body: bytes) -> Message:
        """Return the event in *body*; MalformedMessageError when it cannot be parsed."""
        try:
            return self.message_type.FromString(body)
        except DecodeError as fault:
            raise MalformedMessageError(f"the body is no {self.event_type}") from fault


def on(
    message_type: type[M],
    publisher: str,
    run: Callable[[M, EventDelivery], Awaitable[None]],
    *,
    transactional: bool = True,
) -> EventHandler:
    """Handle the events of *message_type* that *publisher* publishes.

    *run* is called in the transaction that also writes the inbox record: its writes, its outbox events and the record
    commit together, once. It may run again after a conflict, so it must only access the database. A handler that does
    more (sends mail, calls RPCs) needs ``transactional=False`` and must itself be idempotent.
    """
    return EventHandler(
        event_type=event_type(message_type, publisher), message_type=message_type, run=run, transactional=transactional
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSubscription:
    """One queue and the handlers of its events. The replicas of a service share it, unless it is a *broadcast*.

    A broadcast reaches every process that is connected at that moment, without inbox, transaction or dead letters: it
    invalidates caches. A failed event is redelivered *delivery_limit* times, then moved to ``<queue>.dead``.
    """

    queue: str
    handlers: tuple[EventHandler, ...]
    delivery_limit: int = 5
    prefetch: int = 64
    broadcast: bool = False
    retry_after: timedelta = timedelta(milliseconds=100)
    """The pause before the first redelivery; each later one is four times as long, up to five seconds."""

    def get_handler(self, event_type: str) -> EventHandler:
        """Return the handler of *event_type*; MalformedMessageError when there is none."""
        for handler in self.handlers:
            if handler.event_type == event_type:
                return handler
        raise MalformedMessageError("no handler of this type")

    def build_queue(self) -> WorkQueue | BroadcastQueue:
        """Return the queue to declare."""
        keys = tuple(handler.event_type for handler in self.handlers)
        if self.broadcast:
            return BroadcastQueue(name=new_id(self.queue), keys=keys)
        return WorkQueue(name=self.queue, keys=keys, delivery_limit=self.delivery_limit)
