"""Disclosure cases."""

from datetime import datetime
from typing import ClassVar

from services.disclosure.domain import Case, CaseState, Ground
from services.disclosure.store.paging import newest_first, older
from shared.mongo import Collection, Database, Document, Index


class CaseDocument(Document):
    """One disclosure; requester and reference name an authority and its file, never a person."""

    collection: ClassVar[str] = "cases"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("state", "_id"),
        Index("opened_at"),
        Index("approved_at"),
        Index("operation", unique=True),
    )
    operation: str
    """The request that opened it: repeated after a crash, it finds this case instead of opening another."""
    ground: Ground
    requester: str
    reference: str
    fields: list[str]
    state: CaseState
    affected: int
    opened_by: str
    opened_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
    closed_at: datetime | None = None


class Cases:
    """All disclosure cases."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[CaseDocument] = db.collection(CaseDocument)

    async def add(self, case: Case, *, operation: str) -> None:
        """Keep a new case; DuplicateError when *operation* has opened one before."""
        await self._rows.insert(
            CaseDocument(
                id=case.case_id,
                operation=operation,
                ground=case.ground,
                requester=case.requester,
                reference=case.reference,
                fields=list(case.fields),
                state=case.state,
                affected=case.affected,
                opened_by=case.opened_by,
                opened_at=case.opened_at,
            )
        )

    async def get(self, case_id: str) -> Case | None:
        """Return a case."""
        row = await self._rows.get(case_id)
        return _case(row) if row else None

    async def opened_by_operation(self, operation: str) -> Case | None:
        """Return the case that *operation* has opened."""
        row = await self._rows.find_one({"operation": operation})
        return _case(row) if row else None

    async def newest(self, *, after: str | None, most: int) -> list[Case]:
        """Return cases, newest first, beginning behind the position *after*."""
        rows = await self._rows.list(older("opened_at", after), sort=newest_first("opened_at"), limit=most)
        return [_case(row) for row in rows]

    async def approve(self, case_id: str, *, by: str, at: datetime) -> bool:
        """Let the notices of an open case go out; False when it is not open any more."""
        change = {"state": CaseState.NOTIFYING.value, "approved_by": by, "approved_at": at}
        return await self._rows.update({"_id": case_id, "state": CaseState.OPEN.value}, {"$set": change}) == 1

    async def close(self, case_id: str, *, at: datetime) -> bool:
        """Close a case whose notices are all final; False when it was closed before."""
        change = {"state": CaseState.CLOSED.value, "closed_at": at}
        return await self._rows.update({"_id": case_id, "state": CaseState.NOTIFYING.value}, {"$set": change}) == 1

    async def notifying(self, *, after: str, most: int) -> list[Case]:
        """Return cases whose accounts are being told, in the order of their ids behind *after*."""
        wanted = {"state": CaseState.NOTIFYING.value, "_id": {"$gt": after}}
        return [_case(row) for row in await self._rows.list(wanted, sort=["_id"], limit=most)]

    async def approved_between(self, since: datetime, until: datetime, *, most: int) -> list[Case]:
        """Return the cases that were approved in that time, the latest first."""
        wanted = {"approved_at": {"$gt": since, "$lt": until}}
        return [_case(row) for row in await self._rows.list(wanted, sort=[("approved_at", -1)], limit=most)]

    async def of_ids(self, case_ids: list[str]) -> dict[str, Case]:
        """Return the cases of *case_ids* that exist."""
        return {row.id: _case(row) for row in await self._rows.list({"_id": {"$in": case_ids}})}


def _case(row: CaseDocument) -> Case:
    return Case(
        case_id=row.id,
        ground=row.ground,
        requester=row.requester,
        reference=row.reference,
        fields=tuple(row.fields),
        state=row.state,
        affected=row.affected,
        opened_by=row.opened_by,
        opened_at=row.opened_at,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        closed_at=row.closed_at,
    )
