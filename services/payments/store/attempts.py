"""The attempts of charges, and the orders that are pending."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field

from services.payments.domain import Attempt, Charge, ChargeState, DeclineReason, Money
from shared.mongo import Collection, Database, Document, Index


class AttemptDocument(Document):
    """One try to authorize a charge; its id is the idempotency key at the processor."""

    collection: ClassVar[str] = "charge_attempts"
    indexes: ClassVar[tuple[Index, ...]] = (Index("charge_id", "number"), Index("payment_id"))
    charge_id: str
    number: Annotated[int, Field(ge=1)]
    mark: str
    """The request that began it."""
    card_id: str
    processor_ref: str
    """The processor's reference of the card; emptied when the attempt has ended."""
    state: ChargeState
    payment_id: str = ""
    decline_reason: DeclineReason | None = None
    reported_amount: int | None = None
    reported_currency: str | None = None
    """The processor's own figures, where they differ from the price of the charge."""
    created_at: datetime


class PendingOrderDocument(Document):
    """A card and amount whose charge is pending: a second order of the same is asked about."""

    collection: ClassVar[str] = "pending_orders"
    indexes: ClassVar[tuple[Index, ...]] = (Index("charge_id"),)
    charge_id: str
    created_at: datetime


class Attempts:
    """The attempts of all charges."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[AttemptDocument] = db.get_collection(AttemptDocument)

    async def add(self, attempt: Attempt) -> None:
        """Insert an attempt."""
        await self._rows.insert_one(
            AttemptDocument(
                id=attempt.attempt_id,
                charge_id=attempt.charge_id,
                number=attempt.number,
                mark=attempt.mark,
                card_id=attempt.card_id,
                processor_ref=attempt.processor_ref,
                state=attempt.state,
                created_at=attempt.created_at,
            )
        )

    async def get(self, attempt_id: str) -> Attempt | None:
        """Return an attempt."""
        row = await self._rows.get(attempt_id)
        return _attempt(row) if row else None

    async def find_by_payment(self, payment_id: str) -> Attempt | None:
        """Return the attempt that became the processor's payment *payment_id*."""
        row = await self._rows.find_one({"payment_id": payment_id})
        return _attempt(row) if row else None

    async def list_by_charge(self, charge_id: str) -> list[Attempt]:
        """Return the attempts of a charge, the first one first."""
        return [_attempt(row) for row in await self._rows.list({"charge_id": charge_id}, sort=["number"])]

    async def settle_attempt(self, charge: Charge, *, reported: Money | None) -> None:
        """Record in the current attempt what became of *charge*; *reported* is a differing figure."""
        change = {
            "state": charge.state.value,
            "payment_id": charge.payment_id,
            "decline_reason": charge.decline_reason.value if charge.decline_reason else None,
            "reported_amount": reported.amount if reported else None,
            "reported_currency": reported.currency if reported else None,
        }
        if not charge.is_open:
            change["processor_ref"] = ""
        await self._rows.update_one({"_id": charge.attempt_id}, {"$set": change})

    async def anonymize(self, charge_ids: Sequence[str]) -> None:
        """Remove the card from the attempts of these charges (C31)."""
        await self._rows.update_many({"charge_id": {"$in": list(charge_ids)}}, {"$set": {"card_id": ""}})


class PendingOrders:
    """The pending orders: at most one of the same card and amount, unless the customer allows a second."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[PendingOrderDocument] = db.get_collection(PendingOrderDocument)

    async def find_charge(self, charge: Charge) -> str | None:
        """Return the id of the pending charge of the same card and amount."""
        row = await self._rows.get(_order_id(charge))
        return row.charge_id if row else None

    async def add(self, charge: Charge) -> None:
        """Record that *charge* is pending; raises DuplicateError when another of the same order is."""
        await self._rows.insert_one(
            PendingOrderDocument(id=_order_id(charge), charge_id=charge.charge_id, created_at=charge.created_at)
        )

    async def delete(self, charge_ids: Sequence[str]) -> None:
        """Record that these charges are no longer pending."""
        await self._rows.delete_many({"charge_id": {"$in": list(charge_ids)}})


def _order_id(charge: Charge) -> str:
    return f"{charge.card_id} {charge.price.amount} {charge.price.currency}"


def _attempt(row: AttemptDocument) -> Attempt:
    reported = None
    if row.reported_amount is not None and row.reported_currency is not None:
        reported = Money(amount=row.reported_amount, currency=row.reported_currency)
    return Attempt(
        attempt_id=row.id,
        charge_id=row.charge_id,
        number=row.number,
        mark=row.mark,
        card_id=row.card_id,
        processor_ref=row.processor_ref,
        state=row.state,
        payment_id=row.payment_id,
        decline_reason=row.decline_reason,
        reported=reported,
        created_at=row.created_at,
    )
