"""The register of partners and processors: no agreement, no access (C07, C13)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.disclosure.domain import Agreement
from services.disclosure.errors import AgreementNotFoundError, AgreementTermError, CommercialPurposeError
from services.disclosure.store import Agreements
from shared.bus import Outbox
from shared.contracts import disclosure_v1
from shared.ids import NewId
from shared.mongo import DuplicateError
from shared.policy import Purpose

Transact = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]
LONGEST_TERM = timedelta(days=3 * 366)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementWish:
    """What a partner is to do for us, and what it needs for that."""

    partner: str
    function: str
    purposes: tuple[str, ...]
    scopes: tuple[str, ...]
    fields: tuple[str, ...]
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Enter agreements, read them, end them by hand or by their date."""

    agreements: Agreements
    outbox: Outbox
    transact: Transact
    new_id: NewId

    async def agree(self, wish: AgreementWish, *, operation: str, at: datetime) -> Agreement:
        """Enter an agreement, once for each *operation*; a purpose outside the closed list can not be entered."""
        if not at < wish.ends_at <= at + LONGEST_TERM:
            raise AgreementTermError
        if not wish.purposes or not set(wish.purposes) <= set(Purpose):
            raise CommercialPurposeError
        agreement = Agreement(
            agreement_id=self.new_id("agr"),
            partner=wish.partner,
            function=wish.function,
            purposes=tuple(dict.fromkeys(wish.purposes)),
            scopes=tuple(dict.fromkeys(wish.scopes)),
            fields=tuple(dict.fromkeys(wish.fields)),
            starts_at=at,
            ends_at=wish.ends_at,
        )
        try:
            await self.agreements.add(agreement, operation=operation)
        except DuplicateError:
            return await self.agreements.entered_by(operation) or agreement
        return agreement

    async def read(self, agreement_id: str) -> Agreement:
        """Return an agreement, also one that has ended."""
        agreement = await self.agreements.get(agreement_id)
        if agreement is None:
            raise AgreementNotFoundError
        return agreement

    async def newest(self, *, after: str | None, most: int) -> list[Agreement]:
        """Return agreements, newest first."""
        return await self.agreements.newest(after=after, most=most)

    async def end(self, agreement_id: str, *, at: datetime) -> Agreement:
        """End an agreement now: the partner's access ends with it. Ending it again changes nothing."""
        agreement = await self.read(agreement_id)
        await self._end(agreement, min(at, agreement.ends_at))
        return await self.read(agreement_id)

    async def end_by_date(self, *, at: datetime, most: int = 100) -> int:
        """End the agreements whose date has passed, and tell it once; return how many there were."""
        over = await self.agreements.past_their_date(at=at, most=most)
        for agreement in over:
            await self._end(agreement, agreement.ends_at)
        return len(over)

    async def _end(self, agreement: Agreement, at: datetime) -> None:
        async def write() -> None:
            if await self.agreements.end(agreement.agreement_id, at=at):
                fact = disclosure_v1.AgreementEnded(agreement_id=agreement.agreement_id)
                fact.ended_at.FromDatetime(at)
                await self.outbox.put(fact, subject=agreement.agreement_id)

        await self.transact(write)
