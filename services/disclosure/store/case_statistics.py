"""Counts for the transparency report: approved cases by ground, and their notices."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from services.disclosure.domain import Ground, NoticeState
from services.disclosure.store.cases import CaseDocument
from services.disclosure.store.notices import CaseNotices
from shared.mongo import Collection, Database

_BATCH_SIZE = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True, kw_only=True)
class GroundCounts:
    """Exact counts of one ground; they leave this service only as ranges."""

    cases: int = 0
    accounts: int = 0
    notices: Counter[NoticeState] = field(default_factory=Counter)


class CaseStatistics:
    """Counts over cases and notices."""

    def __init__(self, db: Database) -> None:
        self._cases: Collection[CaseDocument] = db.get_collection(CaseDocument)
        self._notices = CaseNotices(db)

    async def get_first_approval(self) -> datetime | None:
        """Return when the first case was approved."""
        row = await self._cases.find_one({"approved_at": {"$gte": _EPOCH}}, sort=["approved_at"])
        return row.approved_at if row else None

    async def count_by_ground(self, since: datetime, until: datetime) -> dict[Ground, GroundCounts]:
        """Count cases approved in [*since*, *until*); every ground is included."""
        totals = {ground: GroundCounts() for ground in Ground}
        async for rows in self._iter_approved(since, until):
            states = await self._notices.count_by_state([row.id for row in rows])
            for row in rows:
                total = totals[row.ground]
                total.cases += 1
                total.accounts += row.affected_count
                total.notices.update(states[row.id])
        return totals

    async def _iter_approved(self, since: datetime, until: datetime) -> AsyncIterator[list[CaseDocument]]:
        after = ""
        while True:
            wanted = {"approved_at": {"$gte": since, "$lt": until}, "_id": {"$gt": after}}
            rows = await self._cases.list(wanted, sort=["_id"], limit=_BATCH_SIZE)
            if not rows:
                return
            yield rows
            after = rows[-1].id
