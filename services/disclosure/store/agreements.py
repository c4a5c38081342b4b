"""Agreements with partners and processors: what each may see, what for, until when (C07, C13)."""

from datetime import datetime
from typing import ClassVar

from services.disclosure.domain import Agreement
from services.disclosure.store.paging import newest_first, older
from shared.mongo import Collection, Database, Document, Index
from shared.policy import Purpose


class AgreementDocument(Document):
    """One agreement; the purposes are of the closed list, which has none for sale or rent."""

    collection: ClassVar[str] = "agreements"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("ended_at", "ends_at"),
        Index("starts_at"),
        Index("operation", unique=True),
    )
    operation: str
    """The request that entered it: repeated after a crash, it finds this agreement."""
    partner: str
    function: str
    purposes: list[Purpose]
    scopes: list[str]
    fields: list[str]
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None


class Agreements:
    """All agreements, also those that have ended."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[AgreementDocument] = db.collection(AgreementDocument)

    async def add(self, agreement: Agreement, *, operation: str) -> None:
        """Keep a new agreement; DuplicateError when *operation* has entered one before."""
        await self._rows.insert(
            AgreementDocument(
                id=agreement.agreement_id,
                operation=operation,
                partner=agreement.partner,
                function=agreement.function,
                purposes=[Purpose(purpose) for purpose in agreement.purposes],
                scopes=list(agreement.scopes),
                fields=list(agreement.fields),
                starts_at=agreement.starts_at,
                ends_at=agreement.ends_at,
            )
        )

    async def get(self, agreement_id: str) -> Agreement | None:
        """Return an agreement."""
        row = await self._rows.get(agreement_id)
        return _agreement(row) if row else None

    async def entered_by(self, operation: str) -> Agreement | None:
        """Return the agreement that *operation* has entered."""
        row = await self._rows.find_one({"operation": operation})
        return _agreement(row) if row else None

    async def newest(self, *, after: str | None, most: int) -> list[Agreement]:
        """Return agreements, newest first, beginning behind the position *after*."""
        rows = await self._rows.list(older("starts_at", after), sort=newest_first("starts_at"), limit=most)
        return [_agreement(row) for row in rows]

    async def of_ids(self, agreement_ids: list[str]) -> dict[str, Agreement]:
        """Return the agreements of *agreement_ids* that exist."""
        return {row.id: _agreement(row) for row in await self._rows.list({"_id": {"$in": agreement_ids}})}

    async def past_their_date(self, *, at: datetime, most: int) -> list[Agreement]:
        """Return agreements whose end date has passed and whose end was not told yet."""
        wanted = {"ended_at": None, "ends_at": {"$lte": at}}
        return [_agreement(row) for row in await self._rows.list(wanted, sort=["ends_at"], limit=most)]

    async def end(self, agreement_id: str, *, at: datetime) -> bool:
        """End an agreement that has not ended; False when it has."""
        return await self._rows.update({"_id": agreement_id, "ended_at": None}, {"$set": {"ended_at": at}}) == 1


def _agreement(row: AgreementDocument) -> Agreement:
    return Agreement(
        agreement_id=row.id,
        partner=row.partner,
        function=row.function,
        purposes=tuple(row.purposes),
        scopes=tuple(row.scopes),
        fields=tuple(row.fields),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        ended_at=row.ended_at,
    )
