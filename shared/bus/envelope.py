"""A fact on the wire: a protobuf body, CloudEvents 1.0 attributes as headers (binary mode)."""

from dataclasses import dataclass
from datetime import datetime

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractMessage

from shared.bus.errors import MalformedMessageError
from shared.clock import rfc3339

CONTENT_TYPE = "application/protobuf"
_HEADER_PREFIX = "cloudEvents:"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventEnvelope:
    """What is said about a fact, and its encoded body."""

    id: str
    type: str
    source: str
    time: datetime
    subject: str
    traceparent: str
    body: bytes

    def to_message(self) -> Message:
        """Return the persistent message that carries it."""
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
            message_id=self.id,  # always ours: aiormq invents one otherwise, and the inbox goes by it
            type=self.type,
            timestamp=self.time,
            content_type=CONTENT_TYPE,
            delivery_mode=DeliveryMode.PERSISTENT,
            headers={_HEADER_PREFIX + name: value for name, value in attributes.items() if value},
        )

    @classmethod
    def from_message(cls, message: AbstractMessage) -> "EventEnvelope":
        """Read *message*; UnreadableError when it is no fact of this house."""
        attributes = {name.removeprefix(_HEADER_PREFIX): str(value) for name, value in message.headers.items()}
        try:
            return cls(
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
