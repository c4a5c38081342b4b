"""The background workers of payments. One replica at a time runs each: two would ask the processor twice."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from services.payments.service import CardRetention, ChargeOperator
from services.payments.wiring.after_charge import AfterCharge
from services.payments.wiring.stores import Stores
from shared import observe
from shared.clock import Clock
from shared.mongo import Leases

LEASE_TTL = timedelta(seconds=5)
EVENT_INTERVAL = timedelta(seconds=1)
RETENTION_INTERVAL = timedelta(hours=6)
EXPIRY_INTERVAL = timedelta(hours=1)
COMPARE_INTERVAL = timedelta(minutes=10)

_unresolved = observe.gauge(
    "candor_payments_unresolved", "Payments without an outcome that are no longer asked about.", ("kind",)
)
_overdue_events = observe.gauge(
    "candor_payments_overdue_events", "Events of the processor that are parked for over an hour, or abandoned."
)
_differing_figures = observe.gauge(
    "candor_payments_differing_figures", "Figures of charges that differ from those of the processor."
)


@dataclass(frozen=True, kw_only=True)
class PaymentWorkers:
    """The workers, by name."""

    leases: Leases
    clock: Clock
    charge_operator: ChargeOperator
    after_charge: AfterCharge
    card_retention: CardRetention
    stores: Stores
    reconcile_interval: timedelta
    audit_interval: timedelta

    def build_workers(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Return the workers; the chassis runs them."""
        return {
            "reconcile-pending-payments": self._every(
                "reconcile-pending-payments", self._reconcile, self.reconcile_interval
            ),
            "apply-processor-events": self._every("apply-processor-events", self._apply_events, EVENT_INTERVAL),
            "audit-journal": self._every("audit-journal", self._audit, self.audit_interval),
            "compare-figures": self._every("compare-figures", self._compare, COMPARE_INTERVAL),
            "expire-refund-requests": self._every("expire-refund-requests", self._expire_requests, EXPIRY_INTERVAL),
            "delete-unused-cards": self._every("delete-unused-cards", self._delete_cards, RETENTION_INTERVAL),
        }

    def _every(
        self, name: str, work: Callable[[], Awaitable[None]], interval: timedelta
    ) -> Callable[[], Awaitable[None]]:
        async def repeat() -> None:
            while True:
                await work()
                await asyncio.sleep(interval.total_seconds())

        return lambda: self.leases.run_exclusive(name, repeat, ttl=LEASE_TTL)

    async def _reconcile(self) -> None:
        await self.charge_operator.reconcile_due(at=self.clock())
        await self.after_charge.refund_executor.reconcile_due(at=self.clock())
        _unresolved.labels("charge").set(await self.stores.charges.count_unresolved())
        _unresolved.labels("refund").set(await self.stores.refunds.count_unresolved())

    async def _apply_events(self) -> None:
        await self.after_charge.event_service.apply_due(at=self.clock())
        _overdue_events.set(await self.after_charge.event_service.count_overdue(at=self.clock()))

    async def _audit(self) -> None:
        await self.after_charge.journal_auditor.audit_charges()

    async def _compare(self) -> None:
        await self.after_charge.figure_comparer.compare_due(at=self.clock())
        _differing_figures.set(await self.stores.differences.count())

    async def _expire_requests(self) -> None:
        await self.after_charge.refund_requests.expire_due(at=self.clock())

    async def _delete_cards(self) -> None:
        await self.card_retention.delete_unused(at=self.clock())
