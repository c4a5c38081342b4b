"""The collections of payments. Their validators reject any further field of a card (C18)."""

from services.payments.store.attempts import AttemptDocument, Attempts, PendingOrderDocument, PendingOrders
from services.payments.store.cards import CardDocument, Cards, UsedCardPayloadDocument, UsedCardPayloads
from services.payments.store.charges import ChargeDocument, Charges
from services.payments.store.refunds import RefundDocument, Refunds

DOCUMENTS = (
    CardDocument,
    UsedCardPayloadDocument,
    ChargeDocument,
    AttemptDocument,
    PendingOrderDocument,
    RefundDocument,
)

__all__ = [
    "DOCUMENTS",
    "Attempts",
    "CardDocument",
    "Cards",
    "Charges",
    "PendingOrders",
    "Refunds",
    "UsedCardPayloads",
]
