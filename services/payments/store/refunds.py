"""Refunds and credits, stored before the processor is asked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import Field

from services.payments.domain.money import Money
from services.payments.domain.refunds import Refund, RefundKind, RefundState
from services.payments.store.fields import ACCOUNT_FIELD, BOOKKEEPING_FIELD
from shared.mongo import Collection, Database, Document, Index, filter_after, sort_newest_first


class RefundDocument(Document):
    """A refund or credit; an erasure removes the account and the reason from it."""

    collection: ClassVar[str] = "refunds"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("account_id", "created_at", "_id"),
        Index("charge_id"),
        Index("state", "retry_at"),
        Index("state", "created_at", "_id"),
        Index("created_at", "_id"),
        Index("processor_id"),
        Index("mark", unique=True),
    )
    mark: str
    """The request that created it: repeated after a crash, it finds this refund instead of creating another."""
    account_id: Annotated[str, ACCOUNT_FIELD]
    charge_id: str
    payment_id: str
    kind: RefundKind
    amount: Annotated[int, Field(ge=1)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    reason: Annotated[str, BOOKKEEPING_FIELD]
    state: RefundState
    requested_by: str
    approved_by: list[str]
    approval_count: int
    """The length of *approved_by*: two approvals at once do not both count as the first."""
    rejection_reason: Annotated[str, BOOKKEEPING_FIELD] = ""
    processor_id: str = ""
    acquirer_reference: str = ""
    failure_reason: str = ""
    tries: int = 0
    retry_at: datetime | None
    """When the processor is asked again, while it is pending; None when a person must look."""
    created_at: datetime
    completed_at: datetime | None = None


class Refunds:
    """The refunds and credits of all accounts."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[RefundDocument] = db.get_collection(RefundDocument)

    async def add(self, refund: Refund, *, mark: str, retry_at: datetime) -> None:
        """Insert a refund; raises DuplicateError when *mark* is taken."""
        await self._rows.insert_one(_document(refund, mark=mark, retry_at=retry_at))

    async def get(self, refund_id: str) -> Refund | None:
        """Return a refund of any account."""
        row = await self._rows.get(refund_id)
        return _refund(row) if row else None

    async def find_by_mark(self, marks: Sequence[str], *, since: datetime) -> Refund | None:
        """Return the refund with one of *marks* that was created after *since*; None when there is none."""
        return await self._find({"mark": {"$in": list(marks)}, "created_at": {"$gt": since}})

    async def find_by_processor_id(self, processor_id: str) -> Refund | None:
        """Return the refund that the processor knows by this id."""
        return await self._find({"processor_id": processor_id})

    async def list_by_account(self, account_id: str, *, after: str | None, limit: int) -> list[Refund]:
        """Return up to *limit* refunds of this account, newest first, after the position *after*."""
        return await self._list_newest({"account_id": account_id}, after=after, limit=limit)

    async def list_by_charge(self, charge_id: str, *, limit: int) -> list[Refund]:
        """Return up to *limit* refunds of a charge, newest first."""
        rows = await self._rows.list({"charge_id": charge_id}, sort=sort_newest_first("created_at"), limit=limit)
        return [_refund(row) for row in rows]

    async def list_by_charges(self, charge_ids: Sequence[str]) -> list[Refund]:
        """Return all refunds of these charges."""
        return [_refund(row) for row in await self._rows.list({"charge_id": {"$in": list(charge_ids)}})]

    async def list_page(self, state: RefundState | None, *, after: str | None, limit: int) -> list[Refund]:
        """Return up to *limit* refunds, newest first, optionally of one state."""
        return await self._list_newest({"state": state.value} if state else {}, after=after, limit=limit)

    async def count_by_charge(self, charge_id: str) -> int:
        """Return how many refunds and credits a charge has, in any state."""
        return await self._rows.count_documents({"charge_id": charge_id})

    async def approve(self, refund: Refund, *, retry_at: datetime) -> bool:
        """Store the last approval of *refund* and its state; False when another act was quicker."""
        before = {"_id": refund.refund_id, "state": "requested", "approval_count": len(refund.approved_by) - 1}
        change = {
            "state": refund.state.value,
            "approved_by": list(refund.approved_by),
            "approval_count": len(refund.approved_by),
            "retry_at": retry_at,
        }
        return await self._rows.update_one(before, {"$set": change}) == 1

    async def reject(self, refund_id: str, *, reason: str, at: datetime) -> bool:
        """Reject a request; False when it is decided."""
        change = {"state": "rejected", "rejection_reason": reason, "completed_at": at}
        return await self._rows.update_one({"_id": refund_id, "state": "requested"}, {"$set": change}) == 1

    async def end_request(self, refund_id: str, state: RefundState, *, at: datetime, reason: str = "") -> bool:
        """End a request without a decision, as withdrawn or expired; False when it is decided."""
        change = {"state": state.value, "rejection_reason": reason, "completed_at": at}
        return await self._rows.update_one({"_id": refund_id, "state": "requested"}, {"$set": change}) == 1

    async def list_requested_before(self, at: datetime, *, limit: int) -> list[Refund]:
        """Return up to *limit* requests that were created before *at* and are not decided, the oldest first."""
        wanted = {"state": "requested", "created_at": {"$lte": at}}
        return [_refund(row) for row in await self._rows.list(wanted, sort=["created_at"], limit=limit)]

    async def complete(self, refund: Refund, *, expect: RefundState) -> bool:
        """Store the state of *refund* and what the processor reported; False when it is not in the state *expect*."""
        change = {"state": refund.state.value, "completed_at": refund.completed_at, **_reported(refund)}
        return await self._rows.update_one({"_id": refund.refund_id, "state": expect.value}, {"$set": change}) == 1

    async def update_report(self, refund: Refund) -> None:
        """Store what the processor reported without a change of the state."""
        wanted = {"_id": refund.refund_id, "state": refund.state.value}
        await self._rows.update_one(wanted, {"$set": _reported(refund)})

    async def list_due(self, *, at: datetime, limit: int) -> list[Refund]:
        """Return the pending refunds whose retry is due, the earliest first."""
        rows = await self._rows.list({"state": "pending", "retry_at": {"$lte": at}}, sort=["retry_at"], limit=limit)
        return [_refund(row) for row in rows]

    async def schedule_retry(self, refund_id: str, *, tries: int, retry_at: datetime | None) -> None:
        """Record one more try without an outcome, and when the processor is asked again."""
        change = {"tries": tries, "retry_at": retry_at}
        await self._rows.update_one({"_id": refund_id, "state": "pending"}, {"$set": change})

    async def count_unresolved(self) -> int:
        """Return how many refunds are pending and no longer asked about."""
        return await self._rows.count_documents({"state": "pending", "retry_at": None})

    async def anonymize(self, account_id: str) -> int:
        """Remove the account and what was typed from its refunds; return how many (C31)."""
        change = {"$set": {"account_id": "", "reason": "", "rejection_reason": ""}}
        return await self._rows.update_many({"account_id": account_id}, change)

    async def _find(self, wanted: dict[str, Any]) -> Refund | None:
        row = await self._rows.find_one(wanted)
        return _refund(row) if row else None

    async def _list_newest(self, wanted: dict[str, Any], *, after: str | None, limit: int) -> list[Refund]:
        wanted = {**wanted, **filter_after("created_at", after)}
        rows = await self._rows.list(wanted, sort=sort_newest_first("created_at"), limit=limit)
        return [_refund(row) for row in rows]


def _reported(refund: Refund) -> dict[str, Any]:
    return {
        "processor_id": refund.processor_id,
        "acquirer_reference": refund.acquirer_reference,
        "failure_reason": refund.failure_reason,
    }


def _document(refund: Refund, *, mark: str, retry_at: datetime) -> RefundDocument:
    return RefundDocument(
        id=refund.refund_id,
        mark=mark,
        account_id=refund.account_id,
        charge_id=refund.charge_id,
        payment_id=refund.payment_id,
        kind=refund.kind,
        amount=refund.price.amount,
        currency=refund.price.currency,
        reason=refund.reason,
        state=refund.state,
        requested_by=refund.requested_by,
        approved_by=list(refund.approved_by),
        approval_count=len(refund.approved_by),
        processor_id=refund.processor_id,
        acquirer_reference=refund.acquirer_reference,
        failure_reason=refund.failure_reason,
        retry_at=retry_at,
        created_at=refund.created_at,
        completed_at=refund.completed_at,
    )


def _refund(row: RefundDocument) -> Refund:
    return Refund(
        refund_id=row.id,
        charge_id=row.charge_id,
        account_id=row.account_id,
        payment_id=row.payment_id,
        kind=row.kind,
        price=Money(amount=row.amount, currency=row.currency),
        reason=row.reason,
        state=row.state,
        requested_by=row.requested_by,
        approved_by=tuple(row.approved_by),
        rejection_reason=row.rejection_reason,
        processor_id=row.processor_id,
        acquirer_reference=row.acquirer_reference,
        failure_reason=row.failure_reason,
        tries=row.tries,
        created_at=row.created_at,
        completed_at=row.completed_at,
    )
