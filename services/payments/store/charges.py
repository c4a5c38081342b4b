"""Charges, stored before the processor is asked, so that no outcome is lost."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.payments.domain import CardCharge, Charge, ChargeState, Money
from services.payments.store.fields import ACCOUNT_FIELD, BOOKKEEPING_FIELD
from shared.mongo import Collection, Database, Document, Index, filter_after, sort_newest_first


class ChargeDocument(Document):
    """A charge and how much of it was refunded; an erasure removes the account from it."""

    collection: ClassVar[str] = "charges"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("account_id", "created_at", "_id"),
        Index("state", "retry_at"),
        Index("mark", unique=True),
    )
    mark: str
    """The request that created it: repeated after a crash, it finds this charge instead of creating another."""
    account_id: Annotated[str, ACCOUNT_FIELD]
    card_id: str
    processor_ref: str
    """The processor's reference of the card; emptied when the charge is completed."""
    amount: Annotated[int, Field(ge=1)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    description: Annotated[str, BOOKKEEPING_FIELD]
    state: Literal["pending", "captured", "declined"]
    retry_at: datetime
    """When the processor is asked again, while the charge is pending."""
    amount_refunded: Annotated[int, Field(ge=0)] = 0
    created_at: datetime


class Charges:
    """The charges of all accounts."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[ChargeDocument] = db.get_collection(ChargeDocument)

    async def add(self, payment: CardCharge, *, mark: str, retry_at: datetime) -> None:
        """Insert a pending charge; raises DuplicateError when *mark* is taken."""
        charge = payment.charge
        await self._rows.insert_one(
            ChargeDocument(
                id=charge.charge_id,
                mark=mark,
                account_id=charge.account_id,
                card_id=charge.card_id,
                processor_ref=payment.processor_ref,
                amount=charge.price.amount,
                currency=charge.price.currency,
                description=charge.description,
                state=charge.state.value,
                retry_at=retry_at,
                created_at=charge.created_at,
            )
        )

    async def get(self, account_id: str, charge_id: str) -> Charge | None:
        """Return a charge of this account; None when it has no such charge."""
        row = await self._rows.find_one({"_id": charge_id, "account_id": account_id})
        return _charge(row) if row else None

    async def find_by_mark(self, marks: Sequence[str], *, since: datetime) -> CardCharge | None:
        """Return the charge with one of *marks* that was created after *since*; None when there is none."""
        row = await self._rows.find_one({"mark": {"$in": list(marks)}, "created_at": {"$gt": since}})
        return _card_charge(row) if row else None

    async def list_by_account(self, account_id: str, *, after: str | None, limit: int) -> list[Charge]:
        """Return up to *limit* charges of this account, newest first, after the position *after*."""
        wanted = {"account_id": account_id, **filter_after("created_at", after)}
        return [
            _charge(row) for row in await self._rows.list(wanted, sort=sort_newest_first("created_at"), limit=limit)
        ]

    async def complete(self, charge_id: str, state: ChargeState) -> bool:
        """Complete a pending charge; False when it was complete."""
        change = {"state": state.value, "processor_ref": ""}
        return await self._rows.update_one({"_id": charge_id, "state": "pending"}, {"$set": change}) == 1

    async def list_pending(self, *, at: datetime, limit: int) -> list[CardCharge]:
        """Return the pending charges whose retry is due, the earliest first."""
        rows = await self._rows.list({"state": "pending", "retry_at": {"$lte": at}}, sort=["retry_at"], limit=limit)
        return [_card_charge(row) for row in rows]

    async def schedule_retry(self, charge_id: str, at: datetime) -> None:
        """Set when the processor is asked again about a pending charge."""
        await self._rows.update_one({"_id": charge_id, "state": "pending"}, {"$set": {"retry_at": at}})

    async def reserve_refund(self, charge: Charge, amount: int) -> bool:
        """Reserve *amount* for a refund, in one conditional update; False when less is left of the charge."""
        room = {"_id": charge.charge_id, "state": "captured", "amount_refunded": {"$lte": charge.price.amount - amount}}
        return await self._rows.update_one(room, {"$inc": {"amount_refunded": amount}}) == 1

    async def release_refund(self, charge_id: str, amount: int) -> None:
        """Release a reserved amount whose refund the processor declined."""
        await self._rows.update_one({"_id": charge_id}, {"$inc": {"amount_refunded": -amount}})

    async def anonymize(self, account_id: str) -> int:
        """Remove the account, card and description from its charges; return how many. Amounts stay (C31)."""
        change = {"$set": {"account_id": "", "card_id": "", "description": ""}}
        return await self._rows.update_many({"account_id": account_id}, change)


def _card_charge(row: ChargeDocument) -> CardCharge:
    return CardCharge(charge=_charge(row), processor_ref=row.processor_ref)


def _charge(row: ChargeDocument) -> Charge:
    return Charge(
        charge_id=row.id,
        account_id=row.account_id,
        card_id=row.card_id,
        price=Money(amount=row.amount, currency=row.currency),
        description=row.description,
        state=ChargeState(row.state),
        amount_refunded=row.amount_refunded,
        created_at=row.created_at,
    )
