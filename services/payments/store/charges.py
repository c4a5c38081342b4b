"""Charges, stored before the processor is asked, so that no outcome is lost."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import Field

from services.payments.domain import (
    CAPTURED_STATES,
    Charge,
    ChargeOperation,
    ChargeState,
    DeclineReason,
    DisputeState,
    Money,
)
from services.payments.store.fields import ACCOUNT_FIELD, BOOKKEEPING_FIELD
from shared.mongo import Collection, Database, Document, Index, filter_after, sort_newest_first

Amount = Annotated[int, Field(ge=0)]


class ChargeDocument(Document):
    """A charge; its amounts are kept apart, in minor units. An erasure removes the account from it."""

    collection: ClassVar[str] = "charges"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("account_id", "created_at", "_id"),
        Index("is_open", "check_at"),
        Index("card_id", "created_at"),
        Index("compare_at"),
        Index("mark", unique=True),
    )
    mark: str
    """The request that created it: repeated after a crash, it finds this charge instead of creating another."""
    account_id: Annotated[str, ACCOUNT_FIELD]
    card_id: str
    """The card of the current attempt."""
    amount: Annotated[int, Field(ge=1)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    description: Annotated[str, BOOKKEEPING_FIELD]
    is_capture_automatic: bool
    state: ChargeState
    amount_authorized: Amount = 0
    amount_captured: Amount = 0
    amount_released: Amount = 0
    amount_refunded: Amount = 0
    """Includes pending refunds."""
    amount_refundable: int = 0
    """Captured, less refunded, less disputed; below 0 when the money of a refund was disputed too."""
    dispute_state: DisputeState = DisputeState.NONE
    amount_disputed: Amount = 0
    decline_reason: DeclineReason | None = None
    action_url: str = ""
    """Where the customer authenticates, while the charge requires it."""
    authorized_until: datetime | None = None
    operation: ChargeOperation
    """What was asked of the processor and is not answered."""
    capture_amount: Amount = 0
    attempt_id: str
    attempt_count: Annotated[int, Field(ge=1)] = 1
    payment_id: str = ""
    """The processor's id of the payment of the current attempt."""
    is_open: bool
    """Whether the reconciliation checks this charge at *check_at*."""
    check_at: datetime | None
    """None when it was checked to the end of the schedule: a person must look."""
    check_count: Annotated[int, Field(ge=0)] = 0
    compare_at: datetime | None = None
    """When its figures are next compared with the processor's, after it was captured."""
    comparison_count: Annotated[int, Field(ge=0)] = 0
    created_at: datetime


class Charges:
    """The charges of all accounts."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[ChargeDocument] = db.get_collection(ChargeDocument)

    async def add(self, charge: Charge, *, mark: str, check_at: datetime) -> None:
        """Insert a charge; raises DuplicateError when *mark* is taken."""
        await self._rows.insert_one(
            ChargeDocument(
                id=charge.charge_id,
                mark=mark,
                account_id=charge.account_id,
                amount=charge.price.amount,
                currency=charge.price.currency,
                description=charge.description,
                is_capture_automatic=charge.is_capture_automatic,
                attempt_id=charge.attempt_id,
                is_open=charge.is_open,
                check_at=check_at,
                created_at=charge.created_at,
                **_progress(charge),
            )
        )

    async def get(self, account_id: str, charge_id: str) -> Charge | None:
        """Return a charge of this account; None when it has no such charge."""
        row = await self._rows.find_one({"_id": charge_id, "account_id": account_id})
        return _charge(row) if row else None

    async def find_by_id(self, charge_id: str) -> Charge | None:
        """Return the charge of any account, for the staff and the processor's reports."""
        row = await self._rows.get(charge_id)
        return _charge(row) if row else None

    async def find_by_mark(self, marks: Sequence[str], *, since: datetime) -> Charge | None:
        """Return the charge with one of *marks* that was created after *since*; None when there is none."""
        row = await self._rows.find_one({"mark": {"$in": list(marks)}, "created_at": {"$gt": since}})
        return _charge(row) if row else None

    async def list_by_account(self, account_id: str, *, after: str | None, limit: int) -> list[Charge]:
        """Return up to *limit* charges of this account, newest first, after the position *after*."""
        wanted = {"account_id": account_id, **filter_after("created_at", after)}
        return [
            _charge(row) for row in await self._rows.list(wanted, sort=sort_newest_first("created_at"), limit=limit)
        ]

    async def settle_charge(
        self, old: Charge, new: Charge, *, check_at: datetime | None, compare_at: datetime | None = None
    ) -> bool:
        """Move the charge from *old* to *new*; False when another process has moved it.

        Refunded and disputed amounts are left alone: refunds and disputes move them. What can be refunded is set
        only by the move that captures, before which there is no refund.
        """
        unmoved = {
            "_id": old.charge_id,
            "attempt_id": old.attempt_id,
            "state": old.state.value,
            "operation": old.operation.value,
        }
        change = {**_progress(new), "is_open": new.is_open, "check_at": check_at}
        if compare_at is not None:
            change["compare_at"] = compare_at
        if new.is_open is False or new.state is not old.state:
            change["check_count"] = 0
        if old.state in CAPTURED_STATES:
            del change["amount_refundable"]
        return await self._rows.update_one(unmoved, {"$set": change}) == 1

    async def resolve_conflict(self, old: Charge, new: Charge, *, check_at: datetime | None) -> bool:
        """Store the processor's figures in a conflicted charge; False when it is conflicted no more."""
        conflicted = {"_id": old.charge_id, "attempt_id": old.attempt_id, "state": ChargeState.CONFLICTED.value}
        figures = {"amount": new.price.amount, "currency": new.price.currency}
        change = {**_progress(new), **figures, "is_open": new.is_open, "check_at": check_at, "check_count": 0}
        del change["amount_refundable"]
        captured_more = {"amount_refundable": new.amount_refundable - old.amount_refundable}
        return await self._rows.update_one(conflicted, {"$set": change, "$inc": captured_more}) == 1

    async def start_operation(
        self, charge: Charge, operation: ChargeOperation, *, capture_amount: int = 0, check_at: datetime
    ) -> bool:
        """Store that *operation* is about to be asked of the processor; False when another one is pending."""
        idle = {"_id": charge.charge_id, "state": charge.state.value, "operation": ChargeOperation.NONE.value}
        change = {
            "operation": operation.value,
            "capture_amount": capture_amount,
            "is_open": True,
            "check_at": check_at,
            "check_count": 0,
        }
        return await self._rows.update_one(idle, {"$set": change}) == 1

    async def start_attempt(self, charge: Charge, *, attempt_id: str, card_id: str, check_at: datetime) -> bool:
        """Have a failed charge tried again with another attempt; False when another request was quicker."""
        failed = {"_id": charge.charge_id, "state": ChargeState.FAILED.value, "attempt_id": charge.attempt_id}
        change = {
            "state": ChargeState.PENDING.value,
            "operation": ChargeOperation.AUTHORIZE.value,
            "attempt_id": attempt_id,
            "attempt_count": charge.attempt_count + 1,
            "card_id": card_id,
            "payment_id": "",
            "amount_authorized": 0,
            "amount_released": 0,
            "decline_reason": None,
            "is_open": True,
            "check_at": check_at,
            "check_count": 0,
        }
        return await self._rows.update_one(failed, {"$set": change}) == 1

    async def list_due(self, *, at: datetime, limit: int) -> list[Charge]:
        """Return the open charges whose check is due, the earliest first."""
        rows = await self._rows.list({"is_open": True, "check_at": {"$lte": at}}, sort=["check_at"], limit=limit)
        return [_charge(row) for row in rows]

    async def schedule_check(self, charge_id: str, at: datetime | None) -> None:
        """Set when an open charge is checked again, or that it no longer is, and count the check."""
        change = {"$set": {"check_at": at}, "$inc": {"check_count": 1}}
        await self._rows.update_one({"_id": charge_id, "is_open": True}, change)

    async def reserve_refund(self, charge: Charge, amount: int, *, max_refunded: int) -> bool:
        """Reserve *amount* for a refund, in one conditional update.

        False when less can be refunded, or when the refunds of the charge would total more than *max_refunded*.
        """
        room = {
            "_id": charge.charge_id,
            "state": {"$in": sorted(state.value for state in CAPTURED_STATES)},
            "amount_refundable": {"$gte": amount},
            "amount_refunded": {"$lte": max_refunded - amount},
        }
        change = {"$inc": {"amount_refunded": amount, "amount_refundable": -amount}}
        return await self._rows.update_one(room, change) == 1

    async def release_refund(self, charge_id: str, amount: int) -> None:
        """Release a reserved amount whose refund failed."""
        change = {"$inc": {"amount_refunded": -amount, "amount_refundable": amount}}
        await self._rows.update_one({"_id": charge_id}, change)

    async def record_refund(self, charge_id: str, amount: int) -> None:
        """Record a refund that was made at the processor, past this platform: nothing can refuse it any more."""
        change = {"$inc": {"amount_refunded": amount, "amount_refundable": -amount}}
        await self._rows.update_one({"_id": charge_id}, change)

    async def record_dispute(
        self, charge_id: str, state: DisputeState, *, amount_disputed: int, withdrawn: int
    ) -> None:
        """Record the state of a dispute; *withdrawn* is what the bank took with this move, below 0 what it returned."""
        change = {
            "$set": {"dispute_state": state.value, "amount_disputed": amount_disputed},
            "$inc": {"amount_refundable": -withdrawn},
        }
        await self._rows.update_one({"_id": charge_id}, change)

    async def list_to_compare(self, *, at: datetime, limit: int) -> list[tuple[Charge, int]]:
        """Return the charges whose figures are due to be compared, and how often they were."""
        rows = await self._rows.list({"compare_at": {"$lte": at}}, sort=["compare_at"], limit=limit)
        return [(_charge(row), row.comparison_count) for row in rows]

    async def schedule_comparison(self, charge_id: str, *, at: datetime | None, count: int) -> None:
        """Set when the figures of a charge are compared next, and how often they were."""
        await self._rows.update_one({"_id": charge_id}, {"$set": {"compare_at": at, "comparison_count": count}})

    async def count_unresolved(self) -> int:
        """Return how many charges are open and no longer checked."""
        return await self._rows.count_documents({"is_open": True, "check_at": None})

    async def has_recent_or_open(self, card_id: str, *, since: datetime) -> bool:
        """Return whether a card has a charge that is open, or that was created after *since*."""
        for wanted in ({"is_open": True}, {"created_at": {"$gt": since}}):
            if await self._rows.find_one({"card_id": card_id, **wanted}) is not None:
                return True
        return False

    async def list_ids(self, *, after: str, limit: int) -> list[str]:
        """Return up to *limit* ids of charges in their order, after the id *after*."""
        return [row.id for row in await self._rows.list({"_id": {"$gt": after}}, sort=["_id"], limit=limit)]

    async def list_by_ids(self, charge_ids: Sequence[str]) -> list[Charge]:
        """Return these charges."""
        return [_charge(row) for row in await self._rows.list({"_id": {"$in": list(charge_ids)}})]

    async def cancel_operation(self, charge: Charge, *, check_at: datetime | None) -> bool:
        """Record that the processor refused the pending operation and did nothing."""
        pending = {"_id": charge.charge_id, "state": charge.state.value, "operation": charge.operation.value}
        idle = replace(charge, operation=ChargeOperation.NONE)
        change = {
            "operation": ChargeOperation.NONE.value,
            "capture_amount": 0,
            "is_open": idle.is_open,
            "check_at": check_at,
        }
        return await self._rows.update_one(pending, {"$set": change}) == 1

    async def anonymize(self, account_id: str) -> list[str]:
        """Remove the account, card and description from its charges; return their ids. Amounts stay (C31)."""
        charge_ids = [row.id for row in await self._rows.list({"account_id": account_id})]
        change = {"$set": {"account_id": "", "card_id": "", "description": ""}}
        await self._rows.update_many({"account_id": account_id}, change)
        return charge_ids


def _progress(charge: Charge) -> dict[str, Any]:
    """Return the fields that a report of the processor moves."""
    return {
        "card_id": charge.card_id,
        "state": charge.state.value,
        "amount_authorized": charge.amount_authorized,
        "amount_captured": charge.amount_captured,
        "amount_released": charge.amount_released,
        "amount_refundable": charge.amount_refundable,
        "decline_reason": charge.decline_reason.value if charge.decline_reason else None,
        "action_url": charge.action_url,
        "authorized_until": charge.authorized_until,
        "operation": charge.operation.value,
        "capture_amount": charge.capture_amount,
        "payment_id": charge.payment_id,
    }


def _charge(row: ChargeDocument) -> Charge:
    same: Mapping[str, Any] = {
        name: getattr(row, name)
        for name in (
            *("account_id", "card_id", "description", "is_capture_automatic", "state", "dispute_state"),
            *("amount_authorized", "amount_captured", "amount_released", "amount_refunded", "amount_refundable"),
            *("amount_disputed", "decline_reason", "action_url", "authorized_until", "operation", "capture_amount"),
            *("attempt_id", "attempt_count", "payment_id", "check_count", "created_at"),
        )
    }
    return Charge(charge_id=row.id, price=Money(amount=row.amount, currency=row.currency), **same)
