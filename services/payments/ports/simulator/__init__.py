"""A simulated processor for local use and for tests: deterministic, with the test numbers of the card networks."""

from services.payments.ports.simulator.behaviours import (
    BEHAVIOUR_NUMBERS,
    DECLINED_NUMBERS,
    decline_test_number,
)
from services.payments.ports.simulator.books import SimulatorBooks
from services.payments.ports.simulator.card_pages import CARD_CHOICES, SimulatedCardPages
from services.payments.ports.simulator.payments import SimulatedPayments
from services.payments.ports.simulator.processor import SimulatedProcessor
from services.payments.ports.simulator.webhooks import SimulatedWebhooks

__all__ = [
    "BEHAVIOUR_NUMBERS",
    "CARD_CHOICES",
    "DECLINED_NUMBERS",
    "SimulatedCardPages",
    "SimulatedPayments",
    "SimulatedProcessor",
    "SimulatedWebhooks",
    "SimulatorBooks",
    "decline_test_number",
]
