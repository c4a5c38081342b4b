"""Captures and voids charges for staff: each act shows a charge, so each is in the ledger (C21)."""

from dataclasses import dataclass
from datetime import datetime

from services.payments.domain import Charge
from services.payments.errors import ChargeNotFoundError
from services.payments.service.charges import ChargeService
from services.payments.store import Charges
from shared.bus import Outbox
from shared.ids import NewId
from shared.mongo import Transact
from shared.policy import Purpose
from shared.privacy import DataAccess, record_access

_SHOWN_FIELDS = ("payments.charges.description",)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffChargeService:
    """Records the access before the act; raises what the act raises."""

    charge_service: ChargeService
    charges: Charges
    outbox: Outbox
    transact: Transact
    new_id: NewId

    async def capture(self, charge_id: str, amount: int | None, *, by: str, at: datetime) -> Charge:
        """Capture *amount* of an authorized charge, all of it without one; the rest is released."""
        await self._record_access(charge_id, by=by, at=at)
        return await self.charge_service.capture(charge_id, amount, at=at)

    async def void_charge(self, charge_id: str, *, by: str, at: datetime) -> Charge:
        """Release an authorized charge, or end one that awaits the customer."""
        await self._record_access(charge_id, by=by, at=at)
        return await self.charge_service.void_charge(charge_id, at=at)

    async def _record_access(self, charge_id: str, *, by: str, at: datetime) -> None:
        charge = await self.charges.find_by_id(charge_id)
        if charge is None:
            raise ChargeNotFoundError
        if not charge.account_id:
            return  # after an erasure there is no owner
        access = DataAccess(
            entry_id=self.new_id("led"),
            account_id=charge.account_id,
            recipient_kind="staff",
            recipient_id=by,
            fields=_SHOWN_FIELDS,
            purpose=Purpose.BILLING,
            basis=charge_id,
            accessed_at=at,
        )
        await self.transact(lambda: record_access(self.outbox, access))
