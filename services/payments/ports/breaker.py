"""A circuit breaker before the processor: while it does not answer, calls fail at once instead of piling up."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from typing import TypeVar

from services.payments.domain import (
    CardDetails,
    Money,
    ReportedCard,
    ReportedDispute,
    ReportedPayment,
    ReportedRefund,
)
from services.payments.ports.processor import (
    CardPage,
    CardPageDecline,
    PaymentOrder,
    Processor,
    ProcessorClosedError,
    ProcessorTimeoutError,
)
from shared import observe

T = TypeVar("T")

MAX_TIMEOUTS = 5
"""How many calls in a row may go unanswered."""
OPEN_FOR = timedelta(seconds=15)

_is_open = observe.gauge("candor_payments_circuit_open", "1 while the processor is not asked (circuit breaker).")


@dataclass(kw_only=True)
class CircuitBreaker:
    """Passes calls on; after MAX_TIMEOUTS in a row none for OPEN_FOR, then one at a time until one is answered.

    A decline and a refusal are answers.
    """

    processor: Processor
    monotonic: Callable[[], float]
    _timeouts: int = field(default=0, init=False)
    _closed_until: float = field(default=0.0, init=False)

    @property
    def retry_after(self) -> int:
        """0 when a call is passed on; otherwise the seconds until one is."""
        if self._timeouts < MAX_TIMEOUTS:
            return self.processor.retry_after
        return max(0, ceil(self._closed_until - self.monotonic()))

    async def _pass(self, call: Callable[[], Awaitable[T]]) -> T:
        if wait := self.retry_after:
            raise ProcessorClosedError(wait)
        if self._timeouts >= MAX_TIMEOUTS:
            self._closed_until = self.monotonic() + OPEN_FOR.total_seconds()  # this call alone is the test
        try:
            answer = await call()
        except ProcessorTimeoutError:
            self._count_timeout()
            raise
        except BaseException:
            self._reset()
            raise
        self._reset()
        return answer

    def _count_timeout(self) -> None:
        self._timeouts += 1
        if self._timeouts >= MAX_TIMEOUTS:
            self._closed_until = self.monotonic() + OPEN_FOR.total_seconds()
            _is_open.set(1)

    def _reset(self) -> None:
        self._timeouts = 0
        _is_open.set(0)

    async def tokenize(self, card: CardDetails, *, key: str) -> ReportedCard:
        """Pass on."""
        return await self._pass(lambda: self.processor.tokenize(card, key=key))

    async def create_card_page(self, *, return_url: str, key: str) -> CardPage:
        """Pass on."""
        return await self._pass(lambda: self.processor.create_card_page(return_url=return_url, key=key))

    async def get_card_page(self, reference: str) -> CardPage:
        """Pass on."""
        return await self._pass(lambda: self.processor.get_card_page(reference))

    async def find_page_decline(self, setup_reference: str) -> CardPageDecline | None:
        """Pass on."""
        return await self._pass(lambda: self.processor.find_page_decline(setup_reference))

    async def get_card(self, reference: str) -> ReportedCard | None:
        """Pass on."""
        return await self._pass(lambda: self.processor.get_card(reference))

    async def delete_card(self, reference: str) -> None:
        """Pass on."""
        await self._pass(lambda: self.processor.delete_card(reference))

    async def authorize(self, order: PaymentOrder, *, key: str) -> ReportedPayment:
        """Pass on."""
        return await self._pass(lambda: self.processor.authorize(order, key=key))

    async def capture(self, payment_id: str, price: Money, *, key: str) -> ReportedPayment:
        """Pass on."""
        return await self._pass(lambda: self.processor.capture(payment_id, price, key=key))

    async def void_payment(self, payment_id: str, *, key: str) -> ReportedPayment:
        """Pass on."""
        return await self._pass(lambda: self.processor.void_payment(payment_id, key=key))

    async def get_payment(self, payment_id: str) -> ReportedPayment:
        """Pass on."""
        return await self._pass(lambda: self.processor.get_payment(payment_id))

    async def find_payment(self, key: str) -> ReportedPayment | None:
        """Pass on."""
        return await self._pass(lambda: self.processor.find_payment(key))

    async def refund(self, payment_id: str, price: Money, *, key: str) -> ReportedRefund:
        """Pass on."""
        return await self._pass(lambda: self.processor.refund(payment_id, price, key=key))

    async def get_refund(self, refund_id: str) -> ReportedRefund:
        """Pass on."""
        return await self._pass(lambda: self.processor.get_refund(refund_id))

    async def get_dispute(self, dispute_id: str) -> ReportedDispute:
        """Pass on."""
        return await self._pass(lambda: self.processor.get_dispute(dispute_id))

    async def close(self) -> None:
        """Close the processor."""
        await self.processor.close()
