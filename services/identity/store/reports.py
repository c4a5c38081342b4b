"""Reports of misuse and security problems; what people write is sealed, and kept for a year (C28)."""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from services.identity.domain.reports import KEPT, ReportKind, ReportState
from shared.crypto import Vault, place_of
from shared.mongo import Database, Document, Index
from shared.personal import Category, Personal, keep_for
from shared.policy import Purpose

_KEPT = keep_for(KEPT / timedelta(days=1))
_FOR = {Purpose.SECURITY, Purpose.SUPPORT, Purpose.EXPORT, Purpose.ERASURE}
_BATCH = 50


class Report(Document):
    """One case."""

    collection: ClassVar[str] = "reports"
    subject: ClassVar[str | None] = "owner"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("owner"),
        Index("state", "target_at"),
        Index("lock_wanted"),
        Index("created_at"),
    )

    owner: Annotated[str, Personal(Category.PSEUDONYM, _FOR, _KEPT)]
    """The account that reported; the id of the report where nobody was logged in. All is sealed under its key."""
    anonymous: bool
    kind: ReportKind
    state: ReportState
    text: Annotated[bytes, Personal(Category.CONTENT, _FOR, _KEPT)]
    armoured: bool
    """Whether the text is encrypted to the people of security besides."""
    email: Annotated[bytes | None, Personal(Category.CONTACT, _FOR, _KEPT)]
    """Whose account is misused, where nobody was logged in."""
    lock_wanted: bool
    """Whether a link that locks the account at this address is still to be sent."""
    lock_until: datetime | None = None
    """Until when that link acts."""
    answer: Annotated[bytes | None, Personal(Category.CONTENT, _FOR, _KEPT)] = None
    answered_by: str | None = None
    created_at: datetime
    target_at: datetime
    answered_at: datetime | None = None
    closed_at: datetime | None = None


class Reports:
    """The cases."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows = db.collection(Report)
        self._vault = vault

    async def seal(self, owner: str, field: str, text: str) -> bytes:
        """Return *text* as a report holds it in *field*."""
        return await self._vault.seal(owner, place_of(Report, field), text.encode())

    async def opened(self, report: Report, field: str, purpose: Purpose) -> str | None:
        """Return what a report holds in a sealed *field*."""
        if getattr(report, field) is None:
            return None
        return await self._vault.reveal(report, field, purpose)

    async def add(self, report: Report) -> None:
        """Open a case."""
        await self._rows.insert(report)

    async def get(self, report_id: str) -> Report | None:
        """Return the case."""
        return await self._rows.get(report_id)

    async def of(self, account_id: str) -> list[Report]:
        """Return what the owner of an account has reported, the newest first."""
        return await self._rows.list({"owner": account_id}, sort=[("created_at", -1)], limit=_BATCH)

    async def page(self, state: ReportState | None, *, after: str | None, most: int) -> list[Report]:
        """Return cases in the order of their ids, from behind *after*."""
        where: dict[str, object] = {} if state is None else {"state": state}
        if after is not None:
            where["_id"] = {"$gt": after}
        return await self._rows.list(where, sort=["_id"], limit=most)

    async def wanting_locks(self) -> list[Report]:
        """Return reports for which a link is to be sent, if there is an account at the address."""
        return await self._rows.list({"lock_wanted": True}, limit=_BATCH)

    async def take(self, report: Report, *, lock_until: datetime) -> bool:
        """Take up the wish for a link; False when another process was first."""
        change = {"lock_wanted": False, "lock_until": lock_until}
        return await self._rows.update({"_id": report.id, "lock_wanted": True}, {"$set": change}) == 1

    async def use_up(self, report_id: str, *, at: datetime) -> bool:
        """End the link of a report; of two requests at once one is told yes."""
        wanted = {"_id": report_id, "lock_until": {"$gt": at}}
        return await self._rows.update(wanted, {"$set": {"lock_until": None}}) == 1

    async def answer(self, report: Report, answer: bytes, *, by: str, at: datetime) -> bool:
        """Answer an open case; of two people at once, one is told yes."""
        change = {"state": ReportState.ANSWERED, "answer": answer, "answered_by": by, "answered_at": at}
        return await self._rows.update({"_id": report.id, "state": ReportState.OPEN}, {"$set": change}) == 1

    async def close(self, report: Report, *, at: datetime) -> bool:
        """Close a case that has an answer."""
        wanted = {"_id": report.id, "state": ReportState.ANSWERED}
        return await self._rows.update(wanted, {"$set": {"state": ReportState.CLOSED, "closed_at": at}}) == 1

    async def count(self) -> int:
        """Return how many cases there are."""
        return await self._rows.count({})

    async def unanswered(self, at: datetime) -> int:
        """Return how many are past their target without an answer, whatever they are called (C28)."""
        return await self._rows.count({"answered_at": None, "target_at": {"$lte": at}})

    async def drop_old(self, at: datetime) -> int:
        """Delete what was kept long enough, with the keys of those that have one of their own."""
        # Earlier than the sweeper, which knows nothing of these keys.
        old = await self._rows.list({"created_at": {"$lte": at - KEPT + timedelta(hours=1)}}, limit=_BATCH)
        for report in old:
            if report.anonymous:
                await self._vault.forget(report.owner)
        return await self._rows.delete({"_id": {"$in": [report.id for report in old]}})

    async def delete(self, account_id: str) -> int:
        """Delete all of the account."""
        return await self._rows.delete({"owner": account_id})
