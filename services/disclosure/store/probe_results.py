"""The collection of the latest probe result of each service for each promise."""

from datetime import datetime
from typing import ClassVar

from services.disclosure.domain import ProbeResult
from shared.mongo import Collection, Database, Document
from shared.policy import PromiseState


class ProbeResultDocument(Document):
    """The latest result of one service for one promise; ``_id`` combines both."""

    collection: ClassVar[str] = "probe_results"
    promise_id: str
    service: str
    state: PromiseState
    sample_size: int
    evidence: str
    checked_at: datetime


class ProbeResults:
    """The latest results of all services."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[ProbeResultDocument] = db.get_collection(ProbeResultDocument)

    async def put(self, result: ProbeResult) -> None:
        """Store *result* unless a newer one exists; events may arrive in any order."""
        row = ProbeResultDocument(
            id=f"{result.promise_id}:{result.service}",
            promise_id=result.promise_id,
            service=result.service,
            state=PromiseState(result.state),
            sample_size=result.sample_size,
            evidence=result.evidence,
            checked_at=result.checked_at,
        )
        known = await self._rows.get(row.id)
        if known is None or known.checked_at <= row.checked_at:
            await self._rows.upsert_one(row)

    async def list_all(self) -> list[ProbeResult]:
        """Return all results."""
        return [_to_result(row) for row in await self._rows.list({})]


def _to_result(row: ProbeResultDocument) -> ProbeResult:
    return ProbeResult(
        promise_id=row.promise_id,
        service=row.service,
        state=row.state.value,
        sample_size=row.sample_size,
        evidence=row.evidence,
        checked_at=row.checked_at,
    )
