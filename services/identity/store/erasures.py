"""Erasures: one row for the request, one receipt for each service (C31)."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from services.identity.domain.requests import SERVICES, ErasureState, Kept, PartState
from shared.mongo import Database, Document, Embedded, Index
from shared.personal import UNTIL_ERASED, Category, Personal
from shared.policy import Purpose

_BATCH = 50


class Erasure(Document):
    """An erasure that an owner asked for; when it is done, it no longer says whose."""

    collection: ClassVar[str] = "erasures"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("account_id"), Index("state", "asked_at"), Index("state", "deadline"))

    account_id: Annotated[str | None, Personal(Category.PSEUDONYM, {Purpose.ERASURE}, UNTIL_ERASED)]
    state: ErasureState
    created_at: datetime
    deadline: datetime
    asked_at: datetime
    """When the services were last told to erase."""
    asks: bool = True
    """False while a hold keeps everything: the services are told when it ends."""
    held_until: datetime | None = None
    reminded_at: datetime | None = None
    completed_at: datetime | None = None
    given: int = 0
    """How many receipts were given. Each changes this row, so that of several at once one sees that it is the last."""


class KeptItem(Embedded):
    """Something that a service had to keep."""

    what: str
    why: str
    until: datetime | None = None


class Receipt(Document):
    """What one service erased, by collection, and what it had to keep."""

    collection: ClassVar[str] = "erasure_receipts"
    indexes: ClassVar[tuple[Index, ...]] = (Index("erasure_id"),)

    erasure_id: str
    service: str
    state: PartState
    erased: dict[str, int]
    kept: list[KeptItem]
    completed_at: datetime | None = None


class Erasures:
    """The erasures with their receipts."""

    def __init__(self, db: Database) -> None:
        self._rows = db.collection(Erasure)
        self._receipts = db.collection(Receipt)

    async def add(self, erasure: Erasure) -> None:
        """Store a new erasure with a receipt to be awaited from each service."""
        await self._rows.insert(erasure)
        await self._receipts.insert_many(
            Receipt(
                id=f"{erasure.id}.{service}",
                erasure_id=erasure.id,
                service=service,
                state=PartState.WAITING,
                erased={},
                kept=[],
            )
            for service in SERVICES
        )

    async def get(self, erasure_id: str) -> Erasure | None:
        """Return the erasure."""
        return await self._rows.get(erasure_id)

    async def receipts(self, erasure_id: str) -> list[Receipt]:
        """Return the receipts, given and awaited."""
        return await self._receipts.list({"erasure_id": erasure_id})

    async def receive(
        self, erasure_id: str, service: str, erased: Mapping[str, int], kept: Iterable[Kept], *, at: datetime
    ) -> bool:
        """Store the receipt of a service; False when it was given before, or was never awaited."""
        change = {
            "state": PartState.DONE,
            "erased": dict(erased),
            "kept": _items(kept),
            "completed_at": at,
        }
        wanted = {"_id": f"{erasure_id}.{service}", "state": {"$ne": PartState.DONE}}
        if not await self._receipts.update(wanted, {"$set": change}):
            return False
        await self._rows.update({"_id": erasure_id}, {"$inc": {"given": 1}})
        return True

    async def note(self, erasure_id: str, service: str, erased: Mapping[str, int]) -> None:
        """Note what a service has erased already, before its receipt is given."""
        await self._receipts.update({"_id": f"{erasure_id}.{service}"}, {"$set": {"erased": dict(erased)}})

    async def hold(self, erasure: Erasure, service: str, kept: Iterable[Kept]) -> None:
        """Note that a service keeps something for now: its receipt says what, why and until when."""
        wanted = {"_id": f"{erasure.id}.{service}", "state": {"$ne": PartState.DONE}}
        await self._receipts.update(wanted, {"$set": {"state": PartState.HELD, "kept": _items(kept)}})

    async def held(self, erasure: Erasure, *, until: datetime, asks: bool) -> None:
        """Put the erasure off until then; the services go on, or wait as well."""
        change = {"state": ErasureState.HELD, "held_until": until, "asks": asks}
        await self._rows.update({"_id": erasure.id, "state": {"$ne": ErasureState.DONE}}, {"$set": change})

    async def resume(self, erasure: Erasure, *, deadline: datetime, at: datetime) -> bool:
        """Go on: nothing is held any more. False when another process was first."""
        change = {
            "state": ErasureState.RUNNING,
            "held_until": None,
            "asks": True,
            "asked_at": at,
            "deadline": deadline,
        }
        if not await self._rows.update({"_id": erasure.id, "state": ErasureState.HELD}, {"$set": change}):
            return False
        again = {"$set": {"state": PartState.WAITING, "kept": []}}
        await self._receipts.update({"erasure_id": erasure.id, "state": PartState.HELD}, again, many=True)
        return True

    async def all_held(self) -> list[Erasure]:
        """Return the erasures that something holds, those that end first before the others."""
        return await self._rows.list({"state": ErasureState.HELD}, sort=["held_until"], limit=_BATCH)

    async def open_ones(self, *, most: int) -> list[Erasure]:
        """Return the erasures that are not done, the oldest first."""
        return await self._rows.list({"state": {"$ne": ErasureState.DONE}}, sort=["created_at"], limit=most)

    async def to_remind_of(self, at: datetime, *, warned: timedelta) -> list[Erasure]:
        """Return running erasures that are due soon and of which staff was not reminded yet."""
        wanted = {"state": ErasureState.RUNNING, "deadline": {"$lte": at + warned}, "reminded_at": None}
        return await self._rows.list(wanted, sort=["deadline"], limit=_BATCH)

    async def reminded(self, erasure: Erasure, *, at: datetime) -> bool:
        """Note that staff was reminded; False when another process was first."""
        wanted = {"_id": erasure.id, "reminded_at": None}
        return await self._rows.update(wanted, {"$set": {"reminded_at": at}}) == 1

    async def of(self, account_id: str) -> Erasure | None:
        """Return the erasure of the account that is under way."""
        return await self._rows.find_one({"account_id": account_id})

    async def awaited(self, erasure_id: str) -> set[str]:
        """Return the services whose receipt is missing."""
        missing = await self._receipts.list({"erasure_id": erasure_id, "state": {"$ne": PartState.DONE}})
        return {receipt.service for receipt in missing}

    async def finish(self, erasure_id: str, *, at: datetime) -> bool:
        """End the erasure and forget whose it was; False when it was ended before."""
        change = {"state": ErasureState.DONE, "completed_at": at, "account_id": None}
        wanted = {"_id": erasure_id, "state": {"$ne": ErasureState.DONE}}
        return await self._rows.update(wanted, {"$set": change}) == 1

    async def silent_since(self, before: datetime) -> list[Erasure]:
        """Return erasures under way of which the services were last told before then."""
        wanted = {"state": {"$ne": ErasureState.DONE}, "asks": {"$ne": False}, "asked_at": {"$lte": before}}
        return await self._rows.list(wanted, sort=["asked_at"], limit=_BATCH)

    async def told_again(self, erasure: Erasure, *, at: datetime) -> bool:
        """Note that the services are told again; False when another process was first."""
        return (
            await self._rows.update({"_id": erasure.id, "asked_at": erasure.asked_at}, {"$set": {"asked_at": at}}) == 1
        )

    async def count(self) -> int:
        """Return how many there are, done ones too."""
        return await self._rows.count({})

    async def overdue(self, at: datetime, *, grace: timedelta) -> int:
        """Return how many are past their deadline, or still held *grace* after the hold has ended."""
        late = await self._rows.count({"state": ErasureState.RUNNING, "deadline": {"$lte": at}})
        held = {"state": ErasureState.HELD, "held_until": {"$lte": at - grace}}
        return late + await self._rows.count(held)

    async def without_receipts(self) -> int:
        """Return how many receipts are missing from erasures that are called done, or altogether."""
        waiting = await self._receipts.list({"state": {"$ne": PartState.DONE}})
        awaited_in_vain = {"_id": {"$in": sorted({row.erasure_id for row in waiting})}, "state": ErasureState.DONE}
        lost = len(SERVICES) * await self._rows.count({}) - await self._receipts.count({})
        return await self._rows.count(awaited_in_vain) + max(lost, 0)


def _items(kept: Iterable[Kept]) -> list[dict[str, object]]:
    return [{"what": item.what, "why": item.why, "until": item.until} for item in kept]
