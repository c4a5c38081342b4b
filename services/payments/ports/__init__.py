"""The ports of payments: the decrypter of cards and the card processor."""

from services.payments.ports.card_decrypter import CardDecrypter, DecryptedCard
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
    "PaymentOrder",
    "Processor",
    "ProcessorClosedError",
    "ProcessorDeclinedError",
    "ProcessorRejectedError",
    "ProcessorTimeoutError",
    "SimulatedProcessor",
    "SimulatorBooks",
]
