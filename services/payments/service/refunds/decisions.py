"""Decides refunds and credits: customers ask, staff decide, every act of staff is in the ledger (C18, C21)."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from services.payments.domain import (
    IDEMPOTENCY_TTL,
    Charge,
    Money,
    Refund,
    RefundKind,
    RefundLimits,
    RefundState,
    check_refundable,
    idempotency_marks,
)
from services.payments.domain.refunds import CUSTOMER, MAX_REFUNDS
from services.payments.errors import (
    ChargeNotFoundError,
    RefundExceedsChargeError,
    RefundNotFoundError,
    RefundNotOpenError,
    TooManyRefundsError,
)
from services.payments.service.refunds.events import publish_rejection
from services.payments.service.refunds.execution import RefundExecutor
from services.payments.store import Charges, Refunds
from shared.bus import Outbox
from shared.ids import NewId
from shared.mongo import DuplicateError, Transact
from shared.policy import Purpose
from shared.privacy import DataAccess, record_access

REFUND_FIELDS = ("payments.refunds.account_id", "payments.refunds.reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOrder:
    """What is asked for: how much of which charge, and why."""

    charge_id: str
    amount: int
    reason: str
    kind: RefundKind = RefundKind.REFUND


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundService:
    """Requests, approves, rejects and lists refunds and credits."""

    charges: Charges
    refunds: Refunds
    executor: RefundExecutor
    limits: RefundLimits
    outbox: Outbox
    transact: Transact
    new_id: NewId

    async def request(self, account_id: str, order: RefundOrder, *, idempotency_key: str, at: datetime) -> Refund:
        """Store the request of a customer, once per *idempotency_key*; staff decide it.

        Raises ChargeNotFoundError, ChargeNotRefundableError, ChargeDisputedError, RefundExceedsChargeError and
        TooManyRefundsError.
        """

        async def create(mark: str) -> Refund:
            charge = await self.charges.get(account_id, order.charge_id)
            refund = await self._build(charge, order, by=CUSTOMER, at=at)
            await self.refunds.add(refund, mark=mark, retry_at=at)
            return refund

        return await self._create_once(create, idempotency_key, at)

    async def create(self, order: RefundOrder, *, by: str, idempotency_key: str, at: datetime) -> Refund:
        """Store what a member of staff starts, which is the first approval; carry it out if that is enough."""

        async def create(mark: str) -> Refund:
            charge = await self.charges.find_by_id(order.charge_id)
            refund = await self._build(charge, order, by=by, at=at)
            return await self._approve(refund, by=by, at=at, mark=mark)

        return await self._create_once(create, idempotency_key, at)

    async def add_full_refund(
        self, charge: Charge, *, by: tuple[str, str], reason: str, mark: str, at: datetime
    ) -> None:
        """Store, in the ambient transaction, a refund of all of *charge* that two people have decided.

        The reconciliation carries it out, at once when it is due.
        """
        order = RefundOrder(charge_id=charge.charge_id, amount=charge.amount_refundable, reason=reason)
        built = await self._build(charge, order, by=by[0], at=at)
        refund = replace(built, state=RefundState.PENDING, approved_by=by)
        await self.refunds.add(refund, mark=mark, retry_at=at)
        await self._reserve(refund, charge)

    async def approve(self, refund_id: str, *, by: str, at: datetime) -> Refund:
        """Approve a request, and carry it out when that is enough. Repeated by the same person, it has no effect.

        Raises RefundNotFoundError, RefundNotOpenError, and FourEyesError when a second person is needed.
        """
        refund = await self.get(refund_id)
        if refund.state is RefundState.REQUESTED or by not in refund.approved_by:
            return await self._approve(refund, by=by, at=at)
        return await self.executor.resume(refund, at=at)

    async def reject(self, refund_id: str, *, by: str, reason: str, at: datetime) -> Refund:
        """Reject a request; the customer who asked is told, with the *reason*."""
        refund = await self.get(refund_id)

        async def write() -> None:
            if not await self.refunds.reject(refund_id, reason=reason, at=at):
                raise RefundNotOpenError
            await self.record_access(refund, by=by, at=at)
            if refund.requested_by == CUSTOMER:
                await publish_rejection(self.outbox, refund, at=at)

        if (refund.state, refund.rejection_reason) != (RefundState.REJECTED, reason):
            await self.transact(write)
        return await self.get(refund_id)

    async def read(self, refund_id: str, *, by: str, at: datetime) -> Refund:
        """Return a refund to staff; its owner sees the access."""
        refund = await self.get(refund_id)
        await self.transact(lambda: self.record_access(refund, by=by, at=at))
        return refund

    async def get(self, refund_id: str) -> Refund:
        """Return a refund; RefundNotFoundError."""
        refund = await self.refunds.get(refund_id)
        if refund is None:
            raise RefundNotFoundError
        return refund

    async def list_by_charge(self, account_id: str, charge_id: str) -> list[Refund]:
        """Return the refunds and credits of a charge of this account, newest first; ChargeNotFoundError."""
        if await self.charges.get(account_id, charge_id) is None:
            raise ChargeNotFoundError
        return await self.refunds.list_by_charge(charge_id, limit=MAX_REFUNDS)

    async def list_page(self, state: RefundState | None, *, after: str | None, limit: int) -> list[Refund]:
        """Return a page of refunds for staff, newest first."""
        return await self.refunds.list_page(state, after=after, limit=limit)

    async def record_access(self, refund: Refund, *, by: str, at: datetime) -> None:
        """Record that a member of staff saw or decided *refund*; its id is the basis, by which the owner finds it."""
        access = DataAccess(
            entry_id=self.new_id("led"),
            account_id=refund.account_id,
            recipient_kind="staff",
            recipient_id=by,
            fields=REFUND_FIELDS,
            purpose=Purpose.CREDIT if refund.kind is RefundKind.CREDIT else Purpose.REFUND,
            basis=refund.refund_id,
            accessed_at=at,
        )
        if refund.account_id:  # after an erasure there is no owner
            await record_access(self.outbox, access)

    async def _create_once(
        self, create: Callable[[str], Awaitable[Refund]], idempotency_key: str, at: datetime
    ) -> Refund:
        marks = idempotency_marks(idempotency_key, at)
        while True:
            earlier = await self.refunds.find_by_mark(marks, since=at - IDEMPOTENCY_TTL)
            if earlier is not None:
                return await self.executor.resume(earlier, at=at)
            # A duplicate means that another try of the same request was quicker: the next round finds its refund.
            with suppress(DuplicateError):
                return await create(marks[0])

    async def _build(self, charge: Charge | None, order: RefundOrder, *, by: str, at: datetime) -> Refund:
        if charge is None:
            raise ChargeNotFoundError
        check_refundable(charge, order.amount)
        if await self.refunds.count_by_charge(charge.charge_id) >= MAX_REFUNDS:
            raise TooManyRefundsError
        return Refund(
            refund_id=self.new_id("ref"),
            charge_id=charge.charge_id,
            account_id=charge.account_id,
            payment_id=charge.payment_id,
            kind=order.kind,
            price=Money(amount=order.amount, currency=charge.price.currency),
            reason=order.reason,
            state=RefundState.REQUESTED,
            requested_by=by,
            created_at=at,
        )

    async def _approve(self, refund: Refund, *, by: str, at: datetime, mark: str = "") -> Refund:
        """Store one more approval, of a new refund when *mark* is given, and reserve the amount when it is enough."""
        approved = refund.approve(by=by)
        charge = await self.charges.find_by_id(refund.charge_id)
        if charge is None:
            raise ChargeNotFoundError
        needed = self.limits.approvals_needed(refund, refunded_before=charge.amount_refunded)
        if len(approved.approved_by) >= needed:
            approved = replace(approved, state=RefundState.PENDING)

        async def write() -> None:
            await self._store_approval(approved, mark=mark, at=at)
            if approved.state is RefundState.PENDING:
                await self._reserve(approved, charge)
            await self.record_access(approved, by=by, at=at)

        await self.transact(write)
        return await self.executor.start(approved, at=at) if approved.state is RefundState.PENDING else approved

    async def _store_approval(self, refund: Refund, *, mark: str, at: datetime) -> None:
        if mark:
            await self.refunds.add(refund, mark=mark, retry_at=at)
        elif not await self.refunds.approve(refund, retry_at=at):
            raise RefundNotOpenError  # a colleague was quicker

    async def _reserve(self, refund: Refund, charge: Charge) -> None:
        """Reserve the amount in one conditional update, which also checks the limit of one person again."""
        alone = len(refund.approved_by) == 1
        limit = self.limits.max_alone(refund) if alone else charge.price.amount
        if not await self.charges.reserve_refund(charge, refund.price.amount, max_refunded=limit):
            fresh = await self.charges.find_by_id(refund.charge_id)
            check_refundable(fresh or charge, refund.price.amount)
            raise RefundExceedsChargeError
