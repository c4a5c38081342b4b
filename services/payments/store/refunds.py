"""Refunds, stored before the processor is asked, like charges."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.payments.domain import Money, Refund, RefundState
from services.payments.store.fields import ACCOUNT_FIELD
from shared.mongo import Collection, Database, Document, Index, filter_after, sort_newest_first


class RefundDocument(Document):
    """A refund; an erasure removes the account from it."""

    collection: ClassVar[str] = "refunds"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("account_id", "created_at", "_id"),
        Index("charge_id", "created_at", "_id"),
        Index("state", "retry_at"),
        Index("mark", unique=True),
    )
    mark: str
    """The request that created it: repeated after a crash, it finds this refund instead of creating another."""
    account_id: Annotated[str, ACCOUNT_FIELD]
    charge_id: str
    amount: Annotated[int, Field(ge=1)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    state: Literal["pending", "succeeded", "declined"]
    retry_at: datetime
    created_at: datetime


class Refunds:
    """The refunds of all accounts."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[RefundDocument] = db.get_collection(RefundDocument)

    async def add(self, refund: Refund, *, mark: str, retry_at: datetime) -> None:
        """Insert a pending refund; raises DuplicateError when *mark* is taken."""
        await self._rows.insert_one(
            RefundDocument(
                id=refund.refund_id,
                mark=mark,
                account_id=refund.account_id,
                charge_id=refund.charge_id,
                amount=refund.price.amount,
                currency=refund.price.currency,
                state=refund.state.value,
                retry_at=retry_at,
                created_at=refund.created_at,
            )
        )

    async def find_by_mark(self, marks: Sequence[str], *, since: datetime) -> Refund | None:
        """Return the refund with one of *marks* that was created after *since*; None when there is none."""
        row = await self._rows.find_one({"mark": {"$in": list(marks)}, "created_at": {"$gt": since}})
        return _refund(row) if row else None

    async def list_by_account(self, account_id: str, *, after: str | None, limit: int) -> list[Refund]:
        """Return up to *limit* refunds of this account, newest first, after the position *after*."""
        wanted = {"account_id": account_id, **filter_after("created_at", after)}
        return [
            _refund(row) for row in await self._rows.list(wanted, sort=sort_newest_first("created_at"), limit=limit)
        ]

    async def list_by_charge(self, charge_id: str, *, after: str | None, limit: int) -> list[Refund]:
        """Return up to *limit* refunds of this charge, newest first, after the position *after*."""
        wanted = {"charge_id": charge_id, **filter_after("created_at", after)}
        return [
            _refund(row) for row in await self._rows.list(wanted, sort=sort_newest_first("created_at"), limit=limit)
        ]

    async def complete(self, refund_id: str, state: RefundState) -> bool:
        """Complete a pending refund; False when it was complete."""
        return (
            await self._rows.update_one({"_id": refund_id, "state": "pending"}, {"$set": {"state": state.value}}) == 1
        )

    async def list_pending(self, *, at: datetime, limit: int) -> list[Refund]:
        """Return the pending refunds whose retry is due, the earliest first."""
        rows = await self._rows.list({"state": "pending", "retry_at": {"$lte": at}}, sort=["retry_at"], limit=limit)
        return [_refund(row) for row in rows]

    async def schedule_retry(self, refund_id: str, at: datetime) -> None:
        """Set when the processor is asked again about a pending refund."""
        await self._rows.update_one({"_id": refund_id, "state": "pending"}, {"$set": {"retry_at": at}})

    async def anonymize(self, account_id: str) -> int:
        """Remove the account from its refunds; return how many (C31)."""
        return await self._rows.update_many({"account_id": account_id}, {"$set": {"account_id": ""}})


def _refund(row: RefundDocument) -> Refund:
    return Refund(
        refund_id=row.id,
        charge_id=row.charge_id,
        account_id=row.account_id,
        price=Money(amount=row.amount, currency=row.currency),
        state=RefundState(row.state),
        created_at=row.created_at,
    )
