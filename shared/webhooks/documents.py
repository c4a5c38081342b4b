"""The endpoints and the deliveries of webhooks; no field is personal."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from shared.mongo import Document, Index

DELIVERY_RETENTION = timedelta(days=30)


class WebhookDeliveryState(StrEnum):
    """The state of a delivery; PENDING is retried."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    """The retries have ended without a 2xx; it can be replayed."""


class WebhookEndpointDocument(Document):
    """An endpoint of a receiver."""

    collection: ClassVar[str] = "webhook_endpoints"
    indexes: ClassVar[tuple[Index, ...]] = (Index("event_types"),)

    url: str
    event_types: tuple[str, ...]
    purpose_note: str
    secret: bytes
    """Sealed under a key of the endpoint."""
    previous_secret: bytes = b""
    """Signs too until *previous_until*, so that the receiver can change over."""
    previous_until: datetime | None = None
    disabled_reason: str = ""
    """Empty while it is enabled."""
    created_by_id: str
    created_at: datetime


class WebhookDeliveryDocument(Document):
    """One event for one endpoint."""

    collection: ClassVar[str] = "webhook_deliveries"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("endpoint_id", "event_id", unique=True),
        Index("state", "due_at"),
        Index("endpoint_id", "_id"),
        Index("created_at", expire_after=DELIVERY_RETENTION),
    )

    endpoint_id: str
    event_id: str
    event_type: str
    payload: bytes
    """The body as it is sent: the same bytes on every attempt."""
    state: WebhookDeliveryState = WebhookDeliveryState.PENDING
    attempts: int = 0
    due_at: datetime
    """The time of the next attempt; a claim sets it to the expiry of the claim."""
    last_status: int = 0
    """The HTTP status of the last attempt; 0 when there was no reply."""
    last_fault: str = ""
    """Why there was no reply, as a word."""
    created_at: datetime
    completed_at: datetime | None = None
