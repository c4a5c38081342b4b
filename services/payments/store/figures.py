"""The differences between the charges and the processor's figures, until they are gone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field

from services.payments.domain.figures import FigureDifference
from shared.mongo import Collection, Database, Document, Index


class FigureDifferenceDocument(Document):
    """A figure of a charge that differs from the processor's."""

    collection: ClassVar[str] = "figure_differences"
    indexes: ClassVar[tuple[Index, ...]] = (Index("charge_id"),)
    charge_id: str
    figure: Annotated[str, Field(max_length=20)]
    own: Annotated[str, Field(max_length=40)]
    reported: Annotated[str, Field(max_length=40)]
    found_at: datetime


class FigureDifferences:
    """The differences of all charges."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[FigureDifferenceDocument] = db.get_collection(FigureDifferenceDocument)

    async def replace_by_charge(self, charge_id: str, found: Sequence[FigureDifference], *, at: datetime) -> None:
        """Store what differs of a charge now, in place of what differed before."""
        await self._rows.delete_many({"charge_id": charge_id})
        await self._rows.insert_many(
            FigureDifferenceDocument(
                id=f"{charge_id} {one.figure}",
                charge_id=charge_id,
                figure=one.figure,
                own=one.own,
                reported=one.reported,
                found_at=at,
            )
            for one in found
        )

    async def count(self) -> int:
        """Return how many figures differ."""
        return await self._rows.count_documents({})
