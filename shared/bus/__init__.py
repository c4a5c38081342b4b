"""Messaging over RabbitMQ: events through a transactional outbox and an inbox, RPCs with a deadline and a purpose.

The only package that knows aio_pika.

    Outbox.put ─commit─> OutboxRow ─Relay─> exchange candor ─> queue <service>.<purpose> ─Consumer─> InboxRow + effect
                                                               └─ after delivery_limit ─> candor.dead ─> <queue>.dead
"""

from shared.bus.broker import Broker
from shared.bus.consumer import Consumer
from shared.bus.errors import RpcError, RpcTimeoutError
from shared.bus.events import event_type
from shared.bus.inbox import InboxDocument
from shared.bus.outbox import Outbox, OutboxDocument
from shared.bus.relay import OutboxRelay
from shared.bus.rpc_client import RpcClient
from shared.bus.rpc_message import RpcContext
from shared.bus.rpc_server import RpcHandler, RpcServer
from shared.bus.subscription import EventDelivery, EventHandler, EventSubscription, on

DOCUMENTS = (OutboxDocument, InboxDocument)
"""The collections that a service needs in its own database for this package."""

__all__ = [
    "DOCUMENTS",
    "Broker",
    "Consumer",
    "EventDelivery",
    "EventHandler",
    "EventSubscription",
    "InboxDocument",
    "Outbox",
    "OutboxDocument",
    "OutboxRelay",
    "RpcClient",
    "RpcContext",
    "RpcError",
    "RpcHandler",
    "RpcServer",
    "RpcTimeoutError",
    "event_type",
    "on",
]
