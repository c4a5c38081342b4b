"""The wire format of an event: a protobuf body, CloudEvents 1.0 attributes as headers (binary mode)."""

from dataclasses import dataclass
from datetime import datetime

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractMessage

from shared.bus.errors import MalformedMessageError, UntrustedPublisherError
from shared.clock import rfc3339

CONTENT_TYPE = "application/protobuf"
_HEADER_PREFIX = "cloudEvents:"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventEnvelope:
    """The CloudEvents attributes of an event and its encoded body."""

    id: str
    type: str
    source: str
    time: datetime
    subject: str
    traceparent: str
    body: bytes

    def to_message(self) -> Message:
        """Return the event as a persistent message."""
        attributes = {
            "specversion": "1.0",
            "id": self.id,
            "type": self.type,
            "source": self.source,
            "time": rfc3339(self.time),
            "subject": self.subject,
            "traceparent": self.traceparent,
        }
        return Message(
            self.body,
            message_id=self.id,  # never empty: aiormq would generate one, and the inbox deduplicates by it
            type=self.type,
            user_id=owner_of(self.type),  # the broker closes the channel of a publisher with another name
            timestamp=self.time,
            content_type=CONTENT_TYPE,
            delivery_mode=DeliveryMode.PERSISTENT,
            headers={_HEADER_PREFIX + name: value for name, value in attributes.items() if value},
        )

    @classmethod
    def from_message(cls, message: AbstractMessage) -> "EventEnvelope":
        """Read *message*.

        Raises:
            MalformedMessageError: an attribute is missing.
            UntrustedPublisherError: the broker has not verified that the service of the event type published it.

        """
        attributes = {name.removeprefix(_HEADER_PREFIX): str(value) for name, value in message.headers.items()}
        try:
            envelope = cls(
                id=attributes["id"],
                type=attributes["type"],
                source=attributes["source"],
                time=datetime.fromisoformat(attributes["time"]),
                subject=attributes.get("subject", ""),
                traceparent=attributes.get("traceparent", ""),
                body=message.body,
            )
        except (KeyError, ValueError) as fault:
            raise MalformedMessageError(f"no CloudEvents attribute {fault}") from fault
        if message.user_id != owner_of(envelope.type):
            raise UntrustedPublisherError(f"{envelope.type} was published by {message.user_id or 'an unknown user'}")
        return envelope


def owner_of(name: str) -> str:
    """Return the service that an event type or an RPC belongs to, which is the first part of its name."""
    return name.partition(".")[0]
