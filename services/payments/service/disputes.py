"""Moves disputes by what the processor reports, with the charge and the books."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.payments.domain import Charge, DisputeState, ReportedDispute
from services.payments.domain.disputes import Dispute, is_forward, list_bookings
from services.payments.domain.journal import build_entry
from services.payments.store import Charges, Disputes, JournalEntries
from shared import observe
from shared.mongo import DuplicateError, Transact

log = observe.get_logger(__name__)


def _state_counter() -> observe.Counter:
    counter = observe.counter("candor_payments_disputes_total", "Disputes by the state that they reached.", ("state",))
    for state in DisputeState:
        if state is not DisputeState.NONE:
            counter.labels(state.value)
    return counter


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeSettler:
    """Applies reports to disputes; applying one twice has its effect once."""

    states: ClassVar[observe.Counter] = _state_counter()

    charges: Charges
    disputes: Disputes
    journal: JournalEntries
    transact: Transact

    async def settle_dispute(self, charge: Charge, report: ReportedDispute, *, at: datetime) -> None:
        """Move the dispute of *charge* forward; a report that moves nothing forward has no effect."""
        price, state = report.price, _parse_state(report.status)
        if price is None or price.currency != charge.price.currency or state is None:
            log.error("dispute.conflicted", charge_id=charge.charge_id, status=report.status)
            return
        old = await self.disputes.get(report.dispute_id)
        new = Dispute(
            dispute_id=report.dispute_id,
            charge_id=charge.charge_id,
            account_id=charge.account_id,
            price=price,
            state=state,
            reason=report.reason,
            created_at=old.created_at if old else at,
            updated_at=at,
        )
        if not is_forward(old.state if old else DisputeState.NONE, new.state):
            return
        try:
            moved = await self.transact(lambda: self._record(old, new, at))
        except DuplicateError:
            moved = False
        if moved:
            self.states.labels(new.state.value).inc()
            log.warning("dispute.moved", charge_id=charge.charge_id, state=new.state.value)
        else:
            # Another process recorded a report of the same dispute in between: apply this one to what it left.
            await self.settle_dispute(charge, report, at=at)

    async def _record(self, old: Dispute | None, new: Dispute, at: datetime) -> bool:
        if old is None:
            await self.disputes.add(new)
        elif not await self.disputes.replace_dispute(old, new):
            return False
        before = old.amount_withdrawn if old else 0
        await self.charges.record_dispute(
            new.charge_id, new.state, amount_disputed=new.amount_withdrawn, withdrawn=new.amount_withdrawn - before
        )
        entries = [
            build_entry(kind, charge_id=new.charge_id, source_id=new.dispute_id, price=new.price, at=at)
            for kind in list_bookings(old, new)
        ]
        await self.journal.add(entries)
        return True


def _parse_state(status: str) -> DisputeState | None:
    """Return the state that the processor names; None for one that is not known here, which a person must look at."""
    return DisputeState(status) if status in set(DisputeState) else None
