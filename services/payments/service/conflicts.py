"""Resolves conflicted charges: one member of staff proposes, another approves the same figures (C21)."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.payments.domain import Charge, ChargeOperation, ChargeState, ReportedPayment
from services.payments.domain.conflicts import (
    ConflictOutcome,
    ConflictResolution,
    ProcessorFigures,
    accept_figures,
)
from services.payments.errors import (
    ChargeNotFoundError,
    ProcessorUnavailableError,
    ResolutionNotFoundError,
    ResolutionOutdatedError,
)
from services.payments.ports import Processor, ProcessorClosedError, ProcessorTimeoutError
from services.payments.service.refunds import RefundExecutor, RefundService
from services.payments.service.settlement import ChargeSettler
from services.payments.store import Charges, ConflictResolutions
from shared import observe
from shared.bus import Outbox
from shared.errors import FourEyesError
from shared.ids import NewId
from shared.mongo import Transact
from shared.policy import Purpose
from shared.privacy import DataAccess, record_access

log = observe.get_logger(__name__)

RETRY_AFTER_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictService:
    """Reads the processor's figures for the proposal and again for the approval: what two people saw is what counts."""

    processor: Processor
    charges: Charges
    resolutions: ConflictResolutions
    settler: ChargeSettler
    refund_service: RefundService
    refund_executor: RefundExecutor
    outbox: Outbox
    transact: Transact
    new_id: NewId

    async def propose_resolution(
        self, charge_id: str, outcome: ConflictOutcome, *, reason: str, by: str, at: datetime
    ) -> ConflictResolution:
        """Store a proposal with the processor's figures of now; nothing of the charge changes.

        Raises ChargeNotFoundError, ChargeNotConflictedError, ConflictNotResolvableError, ProcessorUnavailableError.
        """
        charge = await self._get_charge(charge_id)
        report = await self._read_report(charge)
        accept_figures(charge, report)
        resolution = ConflictResolution(
            resolution_id=self.new_id("res"),
            charge_id=charge_id,
            outcome=outcome,
            reason=reason,
            figures=ProcessorFigures.from_report(report),
            proposed_by=by,
            created_at=at,
        )

        async def write() -> None:
            await self.resolutions.add(resolution)
            await self._record_access(charge, by=by, at=at)

        await self.transact(write)
        return resolution

    async def approve_resolution(
        self, resolution_id: str, *, by: str, at: datetime
    ) -> tuple[ConflictResolution, Charge]:
        """Take the figures over, and void or refund the charge when that was proposed. Repeated, it has no effect.

        Raises ResolutionNotFoundError, ResolutionOutdatedError, FourEyesError, and what a proposal raises.
        """
        resolution = await self.resolutions.get(resolution_id)
        if resolution is None:
            raise ResolutionNotFoundError
        charge = await self._get_charge(resolution.charge_id)
        if resolution.approved_by:
            return resolution, charge
        if by == resolution.proposed_by:
            raise FourEyesError
        report = await self._read_report(charge)
        accepted = accept_figures(charge, report)
        if ProcessorFigures.from_report(report) != resolution.figures:
            raise ResolutionOutdatedError
        approved = replace(resolution, approved_by=by, completed_at=at)
        await self.transact(lambda: self._apply(approved, charge, accepted, at))
        log.warning("charge.conflict_resolved", charge_id=charge.charge_id, outcome=resolution.outcome.value)
        await self.refund_executor.reconcile_due(at=at)
        return approved, await self._get_charge(charge.charge_id)

    async def _apply(self, resolution: ConflictResolution, old: Charge, new: Charge, at: datetime) -> None:
        """Store the approval, the figures, the entries of the journal, and what is to be done with the money."""
        await self.resolutions.complete(resolution.resolution_id, approved_by=resolution.approved_by, at=at)
        await self.settler.record_resolution(old, new, resolution_id=resolution.resolution_id, at=at)
        await self._record_access(old, by=resolution.approved_by, at=at)
        if resolution.outcome is ConflictOutcome.ACCEPT:
            return
        if new.state is ChargeState.AUTHORIZED:
            await self.charges.start_operation(new, ChargeOperation.VOID, check_at=at)
        elif new.amount_refundable:
            await self.refund_service.add_full_refund(
                new,
                by=(resolution.proposed_by, resolution.approved_by),
                reason=resolution.reason,
                mark=resolution.resolution_id,
                at=at,
            )

    async def _read_report(self, charge: Charge) -> ReportedPayment:
        try:
            return await self.processor.get_payment(charge.payment_id)
        except (ProcessorTimeoutError, ProcessorClosedError):
            raise ProcessorUnavailableError(retry_after=RETRY_AFTER_SECONDS) from None

    async def _get_charge(self, charge_id: str) -> Charge:
        charge = await self.charges.find_by_id(charge_id)
        if charge is None:
            raise ChargeNotFoundError
        return charge

    async def _record_access(self, charge: Charge, *, by: str, at: datetime) -> None:
        if not charge.account_id:
            return  # after an erasure there is no owner
        access = DataAccess(
            entry_id=self.new_id("led"),
            account_id=charge.account_id,
            recipient_kind="staff",
            recipient_id=by,
            fields=("payments.charges.description",),
            purpose=Purpose.BILLING,
            basis=charge.charge_id,
            accessed_at=at,
        )
        await record_access(self.outbox, access)
