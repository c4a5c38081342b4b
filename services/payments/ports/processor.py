"""The port of the card processor."""

from enum import StrEnum
from typing import Protocol

from services.payments.domain import CardDetails, Money


class ProcessorOutcome(StrEnum):
    """The answer of the processor."""

    SUCCEEDED = "succeeded"
    DECLINED = "declined"


class ProcessorTimeoutError(Exception):
    """The processor did not answer in time, so the outcome is unknown."""


class Processor(Protocol):
    """A card processor. Every call is idempotent by *key*: it has its effect once and repeats its answer.

    Each method may raise ProcessorTimeoutError; a repetition with the same key returns the outcome.
    """

    async def tokenize(self, card: CardDetails, *, key: str) -> str | None:
        """Store *card* at the processor and return its reference; None when the card is declined."""
        ...

    async def charge_card(self, reference: str, price: Money, *, key: str) -> ProcessorOutcome:
        """Charge *price* to the card *reference*."""
        ...

    async def refund(self, charge_key: str, price: Money, *, key: str) -> ProcessorOutcome:
        """Refund *price* of the charge that was made with *charge_key*."""
        ...
