"""The collection of partner agreements (C07, C13)."""

from datetime import datetime
from typing import ClassVar

from services.disclosure.domain import PartnerAgreement
from shared.mongo import Collection, Database, Document, Index, filter_after, sort_newest_first
from shared.policy import Purpose


class PartnerAgreementDocument(Document):
    """An agreement. Its purposes come from the closed list, which contains no sale and no rent."""

    collection: ClassVar[str] = "agreements"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("ended_at", "ends_at"),
        Index("starts_at"),
        Index("idempotency_key", unique=True),
    )
    idempotency_key: str
    """The key of the creating request, so that a retry after a crash finds this agreement."""
    partner: str
    function: str
    purposes: list[Purpose]
    scopes: list[str]
    fields: list[str]
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None


class PartnerAgreements:
    """All agreements, active and ended."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[PartnerAgreementDocument] = db.get_collection(PartnerAgreementDocument)

    async def add(self, agreement: PartnerAgreement, *, idempotency_key: str) -> PartnerAgreement:
        """Store a new agreement, once for each *idempotency_key*; return the stored one."""
        row = PartnerAgreementDocument(
            id=agreement.agreement_id,
            idempotency_key=idempotency_key,
            partner=agreement.partner,
            function=agreement.function,
            purposes=[Purpose(purpose) for purpose in agreement.purposes],
            scopes=list(agreement.scopes),
            fields=list(agreement.fields),
            starts_at=agreement.starts_at,
            ends_at=agreement.ends_at,
        )
        return _to_agreement(await self._rows.insert_once(row, key="idempotency_key"))

    async def get(self, agreement_id: str) -> PartnerAgreement | None:
        """Return an agreement."""
        row = await self._rows.get(agreement_id)
        return _to_agreement(row) if row else None

    async def list_newest(self, *, after: str | None, limit: int) -> list[PartnerAgreement]:
        """Return agreements, newest first, after the position *after*."""
        rows = await self._rows.list(filter_after("starts_at", after), sort=sort_newest_first("starts_at"), limit=limit)
        return [_to_agreement(row) for row in rows]

    async def get_many(self, agreement_ids: list[str]) -> dict[str, PartnerAgreement]:
        """Return the agreements of *agreement_ids* that exist."""
        return {row.id: _to_agreement(row) for row in await self._rows.list({"_id": {"$in": agreement_ids}})}

    async def list_expired(self, *, at: datetime, limit: int) -> list[PartnerAgreement]:
        """Return agreements past their end date that are not marked as ended."""
        wanted = {"ended_at": None, "ends_at": {"$lte": at}}
        return [_to_agreement(row) for row in await self._rows.list(wanted, sort=["ends_at"], limit=limit)]

    async def mark_ended(self, agreement_id: str, *, at: datetime) -> bool:
        """Mark an agreement as ended; False when it has ended already."""
        return await self._rows.update_one({"_id": agreement_id, "ended_at": None}, {"$set": {"ended_at": at}}) == 1


def _to_agreement(row: PartnerAgreementDocument) -> PartnerAgreement:
    return PartnerAgreement(
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
