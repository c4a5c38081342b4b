"""Compares captured charges with the processor's own figures, and takes over what happened there."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.payments.domain import Charge
from services.payments.domain.figures import FigureDifference, compare_figures, next_comparison
from services.payments.ports import Processor, ProcessorClosedError, ProcessorRejectedError, ProcessorTimeoutError
from services.payments.service.processor_reports import ProcessorReports
from services.payments.store import Charges, FigureDifferences
from shared import observe

log = observe.get_logger(__name__)

BATCH_SIZE = 200
RETRY_AFTER = timedelta(hours=1)
_MISSING = "resource_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureComparer:
    """Reads each captured charge again after a day, a week and a month."""

    processor: Processor
    charges: Charges
    differences: FigureDifferences
    reports: ProcessorReports

    async def compare_due(self, *, at: datetime) -> int:
        """Compare the charges that are due; return how many figures differ."""
        found = 0
        for charge, count in await self.charges.list_to_compare(at=at, limit=BATCH_SIZE):
            # Before it is compared: a charge that makes the worker fail must not keep it from the others.
            await self.charges.schedule_comparison(charge.charge_id, at=at + RETRY_AFTER, count=count)
            try:
                differing = await self._compare(charge, at)
            except (ProcessorTimeoutError, ProcessorClosedError):
                continue
            await self.differences.replace_by_charge(charge.charge_id, differing, at=at)
            for one in differing:
                log.error("figures.differ", charge_id=one.charge_id, figure=one.figure)
            found += len(differing)
            due_at = next_comparison(charge.created_at, count + 1)
            await self.charges.schedule_comparison(charge.charge_id, at=due_at, count=count + 1)
        return found

    async def _compare(self, charge: Charge, at: datetime) -> list[FigureDifference]:
        try:
            report = await self.processor.get_payment(charge.payment_id)
        except ProcessorRejectedError:
            own = str(charge.amount_captured)
            return [FigureDifference(charge_id=charge.charge_id, figure="payment", own=own, reported=_MISSING)]
        await self.reports.apply_payment(report, at=at)
        return list(compare_figures(await self.charges.find_by_id(charge.charge_id) or charge, report))
