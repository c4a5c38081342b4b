"""The ports of payments: the decrypter of cards and the card processor."""

from services.payments.ports.card_decrypter import CardDecrypter, DecryptedCard
from services.payments.ports.processor import Processor, ProcessorOutcome, ProcessorTimeoutError
from services.payments.ports.simulator import SimulatedProcessor

__all__ = [
    "CardDecrypter",
    "DecryptedCard",
    "Processor",
    "ProcessorOutcome",
    "ProcessorTimeoutError",
    "SimulatedProcessor",
]
