"""A processor that counts, dies and is silent."""

from dataclasses import dataclass, field

from services.payments.domain import Money, ReportedPayment, ReportedRefund
from services.payments.ports import PaymentOrder, ProcessorTimeoutError, SimulatedProcessor


class ProcessDiedError(Exception):
    """Stands for a killed process."""


@dataclass
class CountingProcessor(SimulatedProcessor):
    """Records every payment; it can time out, or fail right after the payment as a killed process does."""

    taken: dict[str, Money] = field(default_factory=dict)
    given: dict[str, Money] = field(default_factory=dict)
    dies: bool = False
    silent: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    async def authorize(self, order: PaymentOrder, *, key: str) -> ReportedPayment:
        self._count(self.taken, order.price, key)
        report = await super().authorize(order, key=key)
        self._die()
        return report

    async def refund(self, payment_id: str, price: Money, *, key: str) -> ReportedRefund:
        self._count(self.given, price, key)
        report = await super().refund(payment_id, price, key=key)
        self._die()
        return report

    def _count(self, books: dict[str, Money], price: Money, key: str) -> None:
        if self.silent:
            raise ProcessorTimeoutError
        books[key] = price

    def _die(self) -> None:
        if self.dies:
            raise ProcessDiedError
