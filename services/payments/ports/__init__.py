"""The ports of payments: the decrypter of cards and the card processor."""

from services.payments.ports.breaker import CircuitBreaker
from services.payments.ports.card_decrypter import CardDecrypter, DecryptedCard
from services.payments.ports.card_keys import CardKeys
from services.payments.ports.event_verifier import EventVerifier, InvalidSignatureError, ProcessorEvent
from services.payments.ports.processor import (
    CardPage,
    CardPageDecline,
    CardPageStatus,
    PaymentOrder,
    Processor,
    ProcessorClosedError,
    ProcessorDeclinedError,
    ProcessorRejectedError,
    ProcessorTimeoutError,
)
from services.payments.ports.simulator import (
    CARD_CHOICES,
    SimulatedCardPages,
    SimulatedPayments,
    SimulatedProcessor,
    SimulatedWebhooks,
    SimulatorBooks,
)

__all__ = [
    "CARD_CHOICES",
    "CardDecrypter",
    "CardKeys",
    "CardPage",
    "CardPageDecline",
    "CardPageStatus",
    "CircuitBreaker",
    "DecryptedCard",
    "EventVerifier",
    "InvalidSignatureError",
    "PaymentOrder",
    "Processor",
    "ProcessorClosedError",
    "ProcessorDeclinedError",
    "ProcessorEvent",
    "ProcessorRejectedError",
    "ProcessorTimeoutError",
    "SimulatedCardPages",
    "SimulatedPayments",
    "SimulatedProcessor",
    "SimulatedWebhooks",
    "SimulatorBooks",
]
