"""Resolutions of conflicted charges. They name a charge and no account, so an erasure leaves them as they are."""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from services.payments.domain.conflicts import ConflictOutcome, ConflictResolution, ProcessorFigures
from services.payments.domain.money import Money
from services.payments.domain.reports import ReportedStatus
from services.payments.store.fields import BOOKS_RETENTION_DAYS
from shared.mongo import Collection, Database, Document, Index


class ConflictResolutionDocument(Document):
    """A proposal, and who approved it. Kept as long as the charge."""

    collection: ClassVar[str] = "conflict_resolutions"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("charge_id"),
        Index("created_at", expire_after=timedelta(days=BOOKS_RETENTION_DAYS)),
    )
    charge_id: str
    outcome: ConflictOutcome
    reason: Annotated[str, Field(max_length=200)]
    status: ReportedStatus
    amount: int
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    amount_authorized: int
    amount_captured: int
    proposed_by: str
    approved_by: str = ""
    created_at: datetime
    completed_at: datetime | None = None


class ConflictResolutions:
    """The resolutions of all charges."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[ConflictResolutionDocument] = db.get_collection(ConflictResolutionDocument)

    async def add(self, resolution: ConflictResolution) -> None:
        """Insert a proposal."""
        figures = resolution.figures
        await self._rows.insert_one(
            ConflictResolutionDocument(
                id=resolution.resolution_id,
                charge_id=resolution.charge_id,
                outcome=resolution.outcome,
                reason=resolution.reason,
                status=figures.status,
                amount=figures.price.amount,
                currency=figures.price.currency,
                amount_authorized=figures.amount_authorized,
                amount_captured=figures.amount_captured,
                proposed_by=resolution.proposed_by,
                created_at=resolution.created_at,
            )
        )

    async def get(self, resolution_id: str) -> ConflictResolution | None:
        """Return a resolution."""
        row = await self._rows.get(resolution_id)
        return _resolution(row) if row else None

    async def complete(self, resolution_id: str, *, approved_by: str, at: datetime) -> bool:
        """Record the approval; False when it is approved already."""
        change = {"approved_by": approved_by, "completed_at": at}
        return await self._rows.update_one({"_id": resolution_id, "approved_by": ""}, {"$set": change}) == 1


def _resolution(row: ConflictResolutionDocument) -> ConflictResolution:
    return ConflictResolution(
        resolution_id=row.id,
        charge_id=row.charge_id,
        outcome=row.outcome,
        reason=row.reason,
        figures=ProcessorFigures(
            status=row.status,
            price=Money(amount=row.amount, currency=row.currency),
            amount_authorized=row.amount_authorized,
            amount_captured=row.amount_captured,
        ),
        proposed_by=row.proposed_by,
        approved_by=row.approved_by,
        created_at=row.created_at,
        completed_at=row.completed_at,
    )
