"""What the probes of all services last saw of each promise."""

from datetime import datetime
from typing import ClassVar

from services.disclosure.domain import Result
from shared.mongo import Collection, Database, Document
from shared.policy import State


class ResultDocument(Document):
    """The last look of one service at one promise; ``_id`` is both."""

    collection: ClassVar[str] = "promise_results"
    promise_id: str
    service: str
    state: State
    looked_at: int
    evidence: str
    checked_at: datetime


class Results:
    """The last look of each service at each promise."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[ResultDocument] = db.collection(ResultDocument)

    async def put(self, result: Result) -> None:
        """Keep *result* unless a later one is there: events may arrive in any order."""
        row = ResultDocument(
            id=f"{result.promise_id}:{result.service}",
            promise_id=result.promise_id,
            service=result.service,
            state=State(result.state),
            looked_at=result.looked_at,
            evidence=result.evidence,
            checked_at=result.checked_at,
        )
        known = await self._rows.get(row.id)
        if known is None or known.checked_at <= row.checked_at:
            await self._rows.upsert(row)

    async def all(self) -> list[Result]:
        """Return everything that is known."""
        return [_result(row) for row in await self._rows.list({})]


def _result(row: ResultDocument) -> Result:
    return Result(
        promise_id=row.promise_id,
        service=row.service,
        state=row.state.value,
        looked_at=row.looked_at,
        evidence=row.evidence,
        checked_at=row.checked_at,
    )
