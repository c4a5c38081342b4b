"""What stands between payments and the outside: the opener of encrypted cards, and whoever moves the money."""

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
