"""Erasure requests and the receipts of the services (C31)."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from services.identity.domain.privacy_requests.lifecycle import SERVICES, ErasureState, RequestPartState, RetainedItem
from shared.mongo import Database, Document, EmbeddedValue, Index
from shared.personal import UNTIL_ERASED, Category, Personal
from shared.policy import Purpose

_BATCH_SIZE = 50


class ErasureRequestDocument(Document):
    """An erasure request. When it is completed, the account id is removed."""

    collection: ClassVar[str] = "erasure_requests"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("account_id"),
        Index("state", "requested_at"),
        Index("state", "deadline"),
    )

    account_id: Annotated[str | None, Personal(Category.PSEUDONYM, {Purpose.ERASURE}, UNTIL_ERASED)]
    state: ErasureState
    created_at: datetime
    deadline: datetime
    requested_at: datetime
    """When the request was last published to the services."""
    should_dispatch: bool = True
    """False while a hold retains everything: the request is published when it ends."""
    on_hold_until: datetime | None = None
    reminded_at: datetime | None = None
    completed_at: datetime | None = None
    receipt_count: int = 0
    """Incremented by each receipt, so that of concurrent ones exactly one sees that it is the last."""


class RetainedItemValue(EmbeddedValue):
    """Data that a service must retain."""

    description: str
    reason: str
    until: datetime | None = None


class ErasureReceiptDocument(Document):
    """What one service erased, by collection, and what it must retain."""

    collection: ClassVar[str] = "erasure_receipts"
    indexes: ClassVar[tuple[Index, ...]] = (Index("erasure_id"),)

    erasure_id: str
    service: str
    state: RequestPartState
    erased_counts: dict[str, int]
    retained_items: list[RetainedItemValue]
    completed_at: datetime | None = None


class ErasureRequests:
    """The erasure requests and receipts."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(ErasureRequestDocument)
        self._receipts = db.get_collection(ErasureReceiptDocument)

    async def add(self, erasure: ErasureRequestDocument) -> None:
        """Store a new request with a pending receipt for each service."""
        await self._rows.insert_one(erasure)
        await self._receipts.insert_many(
            ErasureReceiptDocument(
                id=f"{erasure.id}.{service}",
                erasure_id=erasure.id,
                service=service,
                state=RequestPartState.PENDING,
                erased_counts={},
                retained_items=[],
            )
            for service in SERVICES
        )

    async def get(self, erasure_id: str) -> ErasureRequestDocument | None:
        """Return the request, or None."""
        return await self._rows.get(erasure_id)

    async def list_receipts(self, erasure_id: str) -> list[ErasureReceiptDocument]:
        """Return the receipts, pending ones included."""
        return await self._receipts.list({"erasure_id": erasure_id})

    async def record_receipt(
        self,
        erasure_id: str,
        service: str,
        erased_counts: Mapping[str, int],
        retained_items: Iterable[RetainedItem],
        *,
        at: datetime,
    ) -> bool:
        """Record the receipt of a service; False if it is there already or was not expected."""
        change = {
            "state": RequestPartState.COMPLETED,
            "erased_counts": dict(erased_counts),
            "retained_items": _to_values(retained_items),
            "completed_at": at,
        }
        wanted = {"_id": f"{erasure_id}.{service}", "state": {"$ne": RequestPartState.COMPLETED}}
        if not await self._receipts.update_one(wanted, {"$set": change}):
            return False
        await self._rows.update_one({"_id": erasure_id}, {"$inc": {"receipt_count": 1}})
        return True

    async def record_progress(self, erasure_id: str, service: str, erased_counts: Mapping[str, int]) -> None:
        """Record what a service has erased before its receipt."""
        await self._receipts.update_one(
            {"_id": f"{erasure_id}.{service}"}, {"$set": {"erased_counts": dict(erased_counts)}}
        )

    async def suspend_service(
        self, erasure: ErasureRequestDocument, service: str, retained_items: Iterable[RetainedItem]
    ) -> None:
        """Record that a service retains data for now."""
        wanted = {"_id": f"{erasure.id}.{service}", "state": {"$ne": RequestPartState.COMPLETED}}
        await self._receipts.update_one(
            wanted, {"$set": {"state": RequestPartState.ON_HOLD, "retained_items": _to_values(retained_items)}}
        )

    async def suspend(self, erasure: ErasureRequestDocument, *, until: datetime, should_dispatch: bool) -> None:
        """Put the request on hold until *until*."""
        change = {"state": ErasureState.ON_HOLD, "on_hold_until": until, "should_dispatch": should_dispatch}
        await self._rows.update_one({"_id": erasure.id, "state": {"$ne": ErasureState.COMPLETED}}, {"$set": change})

    async def resume(self, erasure: ErasureRequestDocument, *, deadline: datetime, at: datetime) -> bool:
        """Resume the request after a hold; False if another process was first."""
        change = {
            "state": ErasureState.RUNNING,
            "on_hold_until": None,
            "should_dispatch": True,
            "requested_at": at,
            "deadline": deadline,
        }
        if not await self._rows.update_one({"_id": erasure.id, "state": ErasureState.ON_HOLD}, {"$set": change}):
            return False
        again = {"$set": {"state": RequestPartState.PENDING, "retained_items": []}}
        await self._receipts.update_many({"erasure_id": erasure.id, "state": RequestPartState.ON_HOLD}, again)
        return True

    async def list_on_hold(self) -> list[ErasureRequestDocument]:
        """Return the requests on hold, the first to end first."""
        return await self._rows.list({"state": ErasureState.ON_HOLD}, sort=["on_hold_until"], limit=_BATCH_SIZE)

    async def list_open(self, *, limit: int) -> list[ErasureRequestDocument]:
        """Return the requests that are not completed, oldest first."""
        return await self._rows.list({"state": {"$ne": ErasureState.COMPLETED}}, sort=["created_at"], limit=limit)

    async def list_due_for_reminder(self, at: datetime, *, within: timedelta) -> list[ErasureRequestDocument]:
        """Return running requests near their deadline without a reminder."""
        wanted = {"state": ErasureState.RUNNING, "deadline": {"$lte": at + within}, "reminded_at": None}
        return await self._rows.list(wanted, sort=["deadline"], limit=_BATCH_SIZE)

    async def mark_reminded(self, erasure: ErasureRequestDocument, *, at: datetime) -> bool:
        """Record the reminder; False if another process was first."""
        wanted = {"_id": erasure.id, "reminded_at": None}
        return await self._rows.update_one(wanted, {"$set": {"reminded_at": at}}) == 1

    async def get_by_account(self, account_id: str) -> ErasureRequestDocument | None:
        """Return the open request of the account, or None."""
        return await self._rows.find_one({"account_id": account_id})

    async def pending_services(self, erasure_id: str) -> set[str]:
        """Return the services without a receipt."""
        missing = await self._receipts.list({"erasure_id": erasure_id, "state": {"$ne": RequestPartState.COMPLETED}})
        return {receipt.service for receipt in missing}

    async def complete(self, erasure_id: str, *, at: datetime) -> bool:
        """Complete the request and remove the account id; False if it was completed before."""
        change = {"state": ErasureState.COMPLETED, "completed_at": at, "account_id": None}
        wanted = {"_id": erasure_id, "state": {"$ne": ErasureState.COMPLETED}}
        return await self._rows.update_one(wanted, {"$set": change}) == 1

    async def unanswered_since(self, before: datetime) -> list[ErasureRequestDocument]:
        """Return open requests that were last published before *before*."""
        wanted = {
            "state": {"$ne": ErasureState.COMPLETED},
            "should_dispatch": {"$ne": False},
            "requested_at": {"$lte": before},
        }
        return await self._rows.list(wanted, sort=["requested_at"], limit=_BATCH_SIZE)

    async def mark_resent(self, erasure: ErasureRequestDocument, *, at: datetime) -> bool:
        """Record that the request is published again; False if another process was first."""
        return (
            await self._rows.update_one(
                {"_id": erasure.id, "requested_at": erasure.requested_at}, {"$set": {"requested_at": at}}
            )
            == 1
        )

    async def count(self) -> int:
        """Return the number of requests."""
        return await self._rows.count_documents({})

    async def count_overdue(self, at: datetime, *, grace: timedelta) -> int:
        """Return the number of requests past their deadline, or on hold longer than *grace* after the hold ended."""
        late = await self._rows.count_documents({"state": ErasureState.RUNNING, "deadline": {"$lte": at}})
        on_hold = {"state": ErasureState.ON_HOLD, "on_hold_until": {"$lte": at - grace}}
        return late + await self._rows.count_documents(on_hold)

    async def count_without_receipts(self) -> int:
        """Return the number of receipts that are missing, or pending in completed requests."""
        waiting = await self._receipts.list({"state": {"$ne": RequestPartState.COMPLETED}})
        awaited_in_vain = {"_id": {"$in": sorted({row.erasure_id for row in waiting})}, "state": ErasureState.COMPLETED}
        lost = len(SERVICES) * await self._rows.count_documents({}) - await self._receipts.count_documents({})
        return await self._rows.count_documents(awaited_in_vain) + max(lost, 0)


def _to_values(retained_items: Iterable[RetainedItem]) -> list[dict[str, object]]:
    return [{"description": item.description, "reason": item.reason, "until": item.until} for item in retained_items]
