"""Agreements with partners and processors: without one there is no access (C07, C13)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.disclosure.domain import PartnerAgreement
from services.disclosure.errors import AgreementNotFoundError, CommercialPurposeError, InvalidAgreementTermError
from services.disclosure.store import PartnerAgreements
from shared.bus import Outbox
from shared.contracts import disclosure_v1
from shared.ids import NewId
from shared.mongo import Transact
from shared.policy import Purpose

MAX_AGREEMENT_TERM = timedelta(days=3 * 366)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAgreement:
    """The function of a partner, and the data it requires."""

    partner: str
    function: str
    purposes: tuple[str, ...]
    scopes: tuple[str, ...]
    fields: tuple[str, ...]
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementService:
    """Creates and ends agreements."""

    agreements: PartnerAgreements
    outbox: Outbox
    transact: Transact
    new_id: NewId

    async def create(self, new_agreement: NewAgreement, *, idempotency_key: str, at: datetime) -> PartnerAgreement:
        """Create an agreement, once per *idempotency_key*; CommercialPurposeError for an invalid purpose."""
        if not at < new_agreement.ends_at <= at + MAX_AGREEMENT_TERM:
            raise InvalidAgreementTermError
        if not new_agreement.purposes or not set(new_agreement.purposes) <= set(Purpose):
            raise CommercialPurposeError
        agreement = PartnerAgreement(
            agreement_id=self.new_id("agr"),
            partner=new_agreement.partner,
            function=new_agreement.function,
            purposes=tuple(dict.fromkeys(new_agreement.purposes)),
            scopes=tuple(dict.fromkeys(new_agreement.scopes)),
            fields=tuple(dict.fromkeys(new_agreement.fields)),
            starts_at=at,
            ends_at=new_agreement.ends_at,
        )
        return await self.agreements.add(agreement, idempotency_key=idempotency_key)

    async def get(self, agreement_id: str) -> PartnerAgreement:
        """Return an agreement, active or ended; AgreementNotFoundError."""
        agreement = await self.agreements.get(agreement_id)
        if agreement is None:
            raise AgreementNotFoundError
        return agreement

    async def list_newest(self, *, after: str | None, limit: int) -> list[PartnerAgreement]:
        """Return agreements, newest first."""
        return await self.agreements.list_newest(after=after, limit=limit)

    async def end_agreement(self, agreement_id: str, *, at: datetime) -> PartnerAgreement:
        """End an agreement and the partner's access now. Idempotent."""
        agreement = await self.get(agreement_id)
        await self._end_at(agreement, min(at, agreement.ends_at))
        return await self.get(agreement_id)

    async def end_expired(self, *, at: datetime, limit: int = 100) -> int:
        """End agreements past their end date and publish each end once; return how many."""
        expired = await self.agreements.list_expired(at=at, limit=limit)
        for agreement in expired:
            await self._end_at(agreement, agreement.ends_at)
        return len(expired)

    async def _end_at(self, agreement: PartnerAgreement, at: datetime) -> None:
        async def write() -> None:
            if await self.agreements.mark_ended(agreement.agreement_id, at=at):
                event = disclosure_v1.AgreementEnded(agreement_id=agreement.agreement_id)
                event.ended_at.FromDatetime(at)
                await self.outbox.put(event, subject=agreement.agreement_id)

        await self.transact(write)
