"""Disclosure cases."""

from datetime import datetime
from typing import ClassVar

from services.disclosure.domain import Case, CaseState, Ground
from shared.mongo import Collection, Database, Document, Index, filter_after, sort_newest_first


class CaseDocument(Document):
    """A case. Requester and reference name an authority and its file, never a person."""

    collection: ClassVar[str] = "cases"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("state", "_id"),
        Index("opened_at"),
        Index("approved_at"),
        Index("idempotency_key", unique=True),
    )
    idempotency_key: str
    """The key of the creating request, so that a retry after a crash finds this case."""
    ground: Ground
    requester: str
    reference: str
    fields: list[str]
    state: CaseState
    affected_count: int
    opened_by: str
    opened_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
    closed_at: datetime | None = None
    ended_by: str | None = None
    end_reason: str = ""


class Cases:
    """All disclosure cases."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[CaseDocument] = db.get_collection(CaseDocument)

    async def add(self, case: Case, *, idempotency_key: str) -> None:
        """Insert a case; DuplicateError when *idempotency_key* has opened one before."""
        await self._rows.insert_one(
            CaseDocument(
                id=case.case_id,
                idempotency_key=idempotency_key,
                ground=case.ground,
                requester=case.requester,
                reference=case.reference,
                fields=list(case.fields),
                state=case.state,
                affected_count=case.affected_count,
                opened_by=case.opened_by,
                opened_at=case.opened_at,
            )
        )

    async def get(self, case_id: str) -> Case | None:
        """Return a case."""
        row = await self._rows.get(case_id)
        return _to_case(row) if row else None

    async def get_by_idempotency_key(self, idempotency_key: str) -> Case | None:
        """Return the case that *idempotency_key* has opened."""
        row = await self._rows.find_one({"idempotency_key": idempotency_key})
        return _to_case(row) if row else None

    async def list_newest(self, *, after: str | None, limit: int) -> list[Case]:
        """Return cases, newest first, after the position *after*."""
        rows = await self._rows.list(filter_after("opened_at", after), sort=sort_newest_first("opened_at"), limit=limit)
        return [_to_case(row) for row in rows]

    async def approve(self, case_id: str, *, by: str, at: datetime) -> bool:
        """Mark an open case as approved; False when it is no longer open."""
        change = {"state": CaseState.NOTIFYING.value, "approved_by": by, "approved_at": at}
        return await self._rows.update_one({"_id": case_id, "state": CaseState.OPEN.value}, {"$set": change}) == 1

    async def close(self, case_id: str, *, at: datetime) -> bool:
        """Close an approved case; False when it is closed already."""
        change = {"state": CaseState.CLOSED.value, "closed_at": at}
        return await self._rows.update_one({"_id": case_id, "state": CaseState.NOTIFYING.value}, {"$set": change}) == 1

    async def end_open(self, case_id: str, state: CaseState, *, by: str, reason: str, at: datetime) -> bool:
        """End an open case as refused or withdrawn; False when it is no longer open."""
        change = {"state": state.value, "ended_by": by, "end_reason": reason, "closed_at": at}
        return await self._rows.update_one({"_id": case_id, "state": CaseState.OPEN.value}, {"$set": change}) == 1

    async def list_notifying(self, *, after: str, limit: int) -> list[Case]:
        """Return approved cases with open notices ordered by id, after *after*."""
        wanted = {"state": CaseState.NOTIFYING.value, "_id": {"$gt": after}}
        return [_to_case(row) for row in await self._rows.list(wanted, sort=["_id"], limit=limit)]

    async def list_approved_between(self, since: datetime, until: datetime, *, limit: int) -> list[Case]:
        """Return cases approved between the two times, newest first."""
        wanted = {"approved_at": {"$gt": since, "$lt": until}}
        return [_to_case(row) for row in await self._rows.list(wanted, sort=[("approved_at", -1)], limit=limit)]

    async def get_many(self, case_ids: list[str]) -> dict[str, Case]:
        """Return the cases of *case_ids* that exist."""
        return {row.id: _to_case(row) for row in await self._rows.list({"_id": {"$in": case_ids}})}


def _to_case(row: CaseDocument) -> Case:
    return Case(
        case_id=row.id,
        ground=row.ground,
        requester=row.requester,
        reference=row.reference,
        fields=tuple(row.fields),
        state=row.state,
        affected_count=row.affected_count,
        opened_by=row.opened_by,
        opened_at=row.opened_at,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        closed_at=row.closed_at,
        ended_by=row.ended_by,
        end_reason=row.end_reason,
    )
