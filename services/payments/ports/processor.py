"""The port of the card processor."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from services.payments.domain import (
    CardDetails,
    DeclineReason,
    Money,
    ReportedCard,
    ReportedDispute,
    ReportedPayment,
    ReportedRefund,
)

KEY_REUSED = "idempotency_error"


class ProcessorTimeoutError(Exception):
    """The processor did not answer, or not readably: the outcome is unknown. The same key may be asked again."""


class ProcessorClosedError(Exception):
    """The processor was not asked, because it did not answer lately (circuit breaker)."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("the circuit is open")
        self.retry_after = retry_after


class ProcessorDeclinedError(Exception):
    """The card was declined when it was to be stored."""

    def __init__(self, reason: DeclineReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class ProcessorRejectedError(Exception):
    """The processor refused the request and did nothing; *code* is its own."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def is_key_reused(self) -> bool:
        """Whether the key was used for another request before, which was executed."""
        return self.code == KEY_REUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOrder:
    """What the processor is asked to authorize, and to capture at once when *is_capture_automatic*."""

    charge_id: str
    reference: str
    """The processor's reference of the card."""
    price: Money
    is_capture_automatic: bool
    return_url: str = ""
    """Where the bank's page sends the customer after an authentication."""


class CardPageStatus(StrEnum):
    """The status of a page on which a customer enters a card."""

    OPEN = "open"
    COMPLETED = "completed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPageDecline:
    """The last card that was declined on a page; *decline_id* is the processor's id of that try."""

    page_key: str
    """The key that the page was opened with."""
    decline_id: str
    reason: DeclineReason


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPage:
    """A page of the processor on which a customer enters a card; *card* once it is completed."""

    reference: str
    url: str
    status: CardPageStatus
    card: ReportedCard | None = None
    decline: CardPageDecline | None = None


class Processor(Protocol):
    """A card processor. A call with *key* is idempotent: it has its effect once and repeats its answer.

    Each method may raise ProcessorTimeoutError (the outcome is unknown; ask again with the same key), and
    ProcessorRejectedError (nothing was done).
    """

    @property
    def retry_after(self) -> int:
        """0 when the processor is asked; otherwise the seconds until a call is let through."""
        ...

    async def tokenize(self, card: CardDetails, *, key: str) -> ReportedCard:
        """Store *card* at the processor; raises ProcessorDeclinedError."""
        ...

    async def create_card_page(self, *, return_url: str, key: str) -> CardPage:
        """Open a page on which a customer enters a card; it sends them to *return_url*, with a card or without one."""
        ...

    async def get_card_page(self, reference: str) -> CardPage:
        """Return the page as it is now, with the card that was entered."""
        ...

    async def find_page_decline(self, setup_reference: str) -> CardPageDecline | None:
        """Return the last decline on a page, by the object that the processor's event names; None without one."""
        ...

    async def get_card(self, reference: str) -> ReportedCard | None:
        """Return the stored card; None when the processor has forgotten it."""
        ...

    async def delete_card(self, reference: str) -> None:
        """Have the processor forget the card; nothing happens when it has."""
        ...

    async def authorize(self, order: PaymentOrder, *, key: str) -> ReportedPayment:
        """Authorize *order*, and capture it at once when it says so. A decline is a report, not an error."""
        ...

    async def capture(self, payment_id: str, price: Money, *, key: str) -> ReportedPayment:
        """Capture *price* of an authorization and release the rest."""
        ...

    async def void_payment(self, payment_id: str, *, key: str) -> ReportedPayment:
        """Release an authorization, or end a payment that awaits the customer."""
        ...

    async def get_payment(self, payment_id: str) -> ReportedPayment:
        """Return the payment as it is now, with its refunds and dispute."""
        ...

    async def find_payment(self, key: str) -> ReportedPayment | None:
        """Return the payment that was made with *key*; None when there is none (yet: a search may lag)."""
        ...

    async def refund(self, payment_id: str, price: Money, *, key: str) -> ReportedRefund:
        """Refund *price* of a captured payment."""
        ...

    async def get_refund(self, refund_id: str) -> ReportedRefund:
        """Return the refund as it is now."""
        ...

    async def get_dispute(self, dispute_id: str) -> ReportedDispute:
        """Return the dispute as it is now."""
        ...

    async def close(self) -> None:
        """Close what is open: connections, files."""
        ...
