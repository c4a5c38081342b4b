"""What payments needs of a card processor."""

from enum import StrEnum
from typing import Protocol

from services.payments.domain import CardDetails, Money


class ProcessorOutcome(StrEnum):
    """What the processor said."""

    SUCCEEDED = "succeeded"
    DECLINED = "declined"


class ProcessorTimeoutError(Exception):
    """No answer in time: neither yes nor no."""


class Processor(Protocol):
    """Whoever moves the money. Every call with the same *key* has its effect once, and the same answer.

    Each may raise ProcessorSilentError: then nobody knows the outcome, and asking again with the same key tells.
    """

    async def tokenize(self, card: CardDetails, *, key: str) -> str | None:
        """Hand *card* over and return the processor's reference of it, or None when it is declined."""
        ...

    async def charge_card(self, reference: str, price: Money, *, key: str) -> ProcessorOutcome:
        """Take *price* from the card *reference*."""
        ...

    async def refund(self, charge_key: str, price: Money, *, key: str) -> ProcessorOutcome:
        """Give *price* back out of the charge made with *charge_key*."""
        ...
