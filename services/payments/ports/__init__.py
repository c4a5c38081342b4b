"""What stands between payments and the outside: the opener of encrypted cards, and whoever moves the money."""

from services.payments.ports.opener import CardOpener, OpenedCard
from services.payments.ports.processor import Outcome, Processor, ProcessorSilentError
from services.payments.ports.simulator import SimulatedProcessor

__all__ = ["CardOpener", "OpenedCard", "Outcome", "Processor", "ProcessorSilentError", "SimulatedProcessor"]
