"""Webhooks: the events of a service over HTTP, signed and retried as the Standard Webhooks specification says.

    Outbox.put ─same transaction─> WebhookDeliveryDocument ─WebhookDispatcher─> POST to the endpoint, until its 2xx

An event has the ids that it has on the broker and no personal data. Deliveries may arrive twice and in any order; the
header ``webhook-id`` is the same on every attempt.
"""

from shared.webhooks.api import WebhooksApi
from shared.webhooks.dispatcher import DispatcherConfig, WebhookDispatcher
from shared.webhooks.documents import WebhookDeliveryDocument, WebhookEndpointDocument
from shared.webhooks.service import WebhookService
from shared.webhooks.store import WebhookStore
from shared.webhooks.targets import TargetPolicy

DOCUMENTS = (WebhookEndpointDocument, WebhookDeliveryDocument)
"""The collections that a service needs in its own database for this package."""

__all__ = [
    "DOCUMENTS",
    "DispatcherConfig",
    "TargetPolicy",
    "WebhookDeliveryDocument",
    "WebhookDispatcher",
    "WebhookEndpointDocument",
    "WebhookService",
    "WebhookStore",
    "WebhooksApi",
]
