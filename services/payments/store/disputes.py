"""The disputes of charges."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field

from services.payments.domain.charges import DisputeState
from services.payments.domain.disputes import Dispute
from services.payments.domain.money import Money
from services.payments.store.fields import ACCOUNT_FIELD, BOOKKEEPING_FIELD
from shared.mongo import Collection, Database, Document, Index, filter_after, sort_newest_first


class DisputeDocument(Document):
    """A dispute by its id at the processor; an erasure removes the account from it."""

    collection: ClassVar[str] = "disputes"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("account_id", "created_at", "_id"),
        Index("charge_id"),
        Index("created_at", "_id"),
    )
    charge_id: str
    account_id: Annotated[str, ACCOUNT_FIELD]
    amount: Annotated[int, Field(ge=0)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    state: DisputeState
    reason: Annotated[str, Field(max_length=100), BOOKKEEPING_FIELD]
    """The reason as the bank names it: ``fraudulent``, ``product_not_received``."""
    created_at: datetime
    updated_at: datetime


class Disputes:
    """The disputes of all accounts."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[DisputeDocument] = db.get_collection(DisputeDocument)

    async def get(self, dispute_id: str) -> Dispute | None:
        """Return a dispute."""
        row = await self._rows.get(dispute_id)
        return _dispute(row) if row else None

    async def add(self, dispute: Dispute) -> None:
        """Insert a dispute; raises DuplicateError when it is known."""
        await self._rows.insert_one(_document(dispute))

    async def replace_dispute(self, old: Dispute, new: Dispute) -> bool:
        """Replace *old* by *new*; False when its state is no longer that of *old*."""
        return await self._rows.replace_one(_document(new), expect={"state": old.state.value})

    async def list_by_charges(self, charge_ids: Sequence[str]) -> list[Dispute]:
        """Return the disputes of these charges."""
        return [_dispute(row) for row in await self._rows.list({"charge_id": {"$in": list(charge_ids)}})]

    async def list_by_account(self, account_id: str, *, after: str | None, limit: int) -> list[Dispute]:
        """Return up to *limit* disputes of this account, newest first, after the position *after*."""
        return await self._list_newest({"account_id": account_id}, after=after, limit=limit)

    async def list_page(self, *, after: str | None, limit: int) -> list[Dispute]:
        """Return up to *limit* disputes, newest first, after the position *after*."""
        return await self._list_newest({}, after=after, limit=limit)

    async def _list_newest(self, wanted: dict[str, str], *, after: str | None, limit: int) -> list[Dispute]:
        wanted = {**wanted, **filter_after("created_at", after)}
        rows = await self._rows.list(wanted, sort=sort_newest_first("created_at"), limit=limit)
        return [_dispute(row) for row in rows]

    async def anonymize(self, account_id: str) -> int:
        """Remove the account from its disputes; return how many (C31)."""
        return await self._rows.update_many({"account_id": account_id}, {"$set": {"account_id": ""}})


def _document(dispute: Dispute) -> DisputeDocument:
    return DisputeDocument(
        id=dispute.dispute_id,
        charge_id=dispute.charge_id,
        account_id=dispute.account_id,
        amount=dispute.price.amount,
        currency=dispute.price.currency,
        state=dispute.state,
        reason=dispute.reason,
        created_at=dispute.created_at,
        updated_at=dispute.updated_at,
    )


def _dispute(row: DisputeDocument) -> Dispute:
    return Dispute(
        dispute_id=row.id,
        charge_id=row.charge_id,
        account_id=row.account_id,
        price=Money(amount=row.amount, currency=row.currency),
        state=row.state,
        reason=row.reason,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
