"""Services talk here: facts through outbox, relay, broker and inbox; questions with a deadline and a purpose.

The only package that knows aio_pika.

    Outbox.put ─commit─> OutboxRow ─Relay─> exchange candor ─> queue <service>.<purpose> ─Consumer─> InboxRow + effect
                                                               └─ after delivery_limit ─> candor.dead ─> <queue>.dead
"""

from shared.bus.answers import Answer, Answerer
from shared.bus.asker import Asker
from shared.bus.broker import Broker
from shared.bus.consumer import Consumer
from shared.bus.errors import QuestionRefusedError, QuestionTimeoutError
from shared.bus.events import event_type
from shared.bus.inbox import InboxRow
from shared.bus.outbox import Outbox, OutboxRow
from shared.bus.question import Asked
from shared.bus.relay import Relay
from shared.bus.subscription import Delivery, Handler, Subscription, on

DOCUMENTS = (OutboxRow, InboxRow)
"""What a service prepares in its own database to use this package."""

__all__ = [
    "DOCUMENTS",
    "Answer",
    "Answerer",
    "Asked",
    "Asker",
    "Broker",
    "Consumer",
    "Delivery",
    "Handler",
    "InboxRow",
    "Outbox",
    "OutboxRow",
    "QuestionRefusedError",
    "QuestionTimeoutError",
    "Relay",
    "Subscription",
    "event_type",
    "on",
]
