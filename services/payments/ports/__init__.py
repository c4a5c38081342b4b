"""The ports of payments: the decrypter of cards and the card processor."""

from services.payments.ports.card_decrypter import CardDecrypter, DecryptedCard
from services.payments.ports.event_verifier import EventVerifier, InvalidSignatureError, ProcessorEvent
from services.payments.ports.processor import (
    PaymentOrder,
    Processor,
    ProcessorClosedError,
    ProcessorDeclinedError,
    ProcessorRejectedError,
    ProcessorTimeoutError,
)
from services.payments.ports.simulator import SimulatedProcessor, SimulatorBooks

__all__ = [
    "CardDecrypter",
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
    "SimulatedProcessor",
    "SimulatorBooks",
]
