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
    """What is done on one type of fact; see ``on``."""

    event_type: str
    message_type: type[Message]
    run: Callable[[Any, EventDelivery], Awaitable[None]]
    transactional: bool

    def parse(self, body: bytes) -> Message:
        """Return the fact in *body*; UnreadableError when it is none."""
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

    *run* is called inside the transaction that also marks the fact as handled: its writes, the facts that it puts in
    the outbox and the mark commit together, once. It may run again after a conflict, so it does nothing but database
    work. One that must do more (mail, questions) says ``transactional=False`` and is itself idempotent.
    """
    return EventHandler(
        event_type=event_type(message_type, publisher), message_type=message_type, run=run, transactional=transactional
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSubscription:
    """One queue and what is done with its facts. The replicas of a service share it, unless it is a *broadcast*.

    A broadcast reaches every process that listens at that moment, without inbox, transaction or dead letters: for
    dropping what is cached. A fact that fails is delivered *delivery_limit* times more, then goes to ``<queue>.dead``.
    """

    queue: str
    handlers: tuple[EventHandler, ...]
    delivery_limit: int = 5
    prefetch: int = 64
    broadcast: bool = False
    retry_after: timedelta = timedelta(milliseconds=100)
    """The pause before the first redelivery; each later one is four times as long, up to five seconds."""

    def get_handler(self, event_type: str) -> EventHandler:
        """Return the handler of *fact_type*; UnreadableError when nobody here wants it."""
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
