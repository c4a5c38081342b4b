"""Agreements with partners and processors: what each may see, what for, until when (C07, C13)."""

from datetime import datetime
from typing import ClassVar

from services.disclosure.domain import Agreement
from shared.mongo import Collection, Database, Document, Index
from shared.policy import Purpose


class AgreementDocument(Document):
    """One agreement; the purposes are of the closed list, which has none for sale or rent."""

    collection: ClassVar[str] = "agreements"
    indexes: ClassVar[tuple[Index, ...]] = (Index("ends_at"),)
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

    async def add(self, agreement: Agreement) -> None:
        """Keep a new agreement."""
        await self._rows.insert(
            AgreementDocument(
                id=agreement.agreement_id,
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

    async def all(self) -> list[Agreement]:
        """Return all agreements, the newest first."""
        return [_agreement(row) for row in await self._rows.list({}, sort=[("starts_at", -1)])]

    async def end(self, agreement_id: str, *, at: datetime) -> bool:
        """End an agreement before its date; False when it has ended."""
        running = {"_id": agreement_id, "ended_at": None, "ends_at": {"$gt": at}}
        return await self._rows.update(running, {"$set": {"ended_at": at}}) == 1


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
