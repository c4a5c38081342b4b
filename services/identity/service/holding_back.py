"""Legal holds against an erasure: what must be kept is named to the person, and goes when the hold ends (C31)."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.acts import HoldScope
from services.identity.domain.requests import SERVICES, Kept
from services.identity.store import Erasure, Erasures, Hold, Holds

OWN = "identity"
_ACCOUNT = "your account with its address"
_EVERYTHING = "everything that {service} holds of you"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRecord:
    """A hold as staff sees it in a list."""

    hold: Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingBack:
    """Looks for holds at each step of an erasure, in the ambient transaction."""

    holds: Holds
    erasures: Erasures

    async def told_services(self, erasure: Erasure, *, at: datetime) -> bool:
        """Put off what is held of an erasure that begins; tell whether the services are asked to erase now."""
        holds = await self._on(erasure, at=at)
        everything = any(hold.scope is HoldScope.EVERYTHING for hold in holds)
        if holds:
            await self._keep(erasure, holds, SERVICES if everything else (OWN,), at_work=not everything)
        return not everything

    async def keeps_account(self, erasure: Erasure, *, at: datetime) -> bool:
        """Tell whether identity must keep the account for now; then its receipt says what, why and until when."""
        holds = await self._on(erasure, at=at)
        if holds:
            await self._keep(erasure, holds, (OWN,), at_work=erasure.asks)
        return bool(holds)

    async def free(self, erasure: Erasure, *, at: datetime) -> bool:
        """Tell whether nothing holds the account any more."""
        return not await self._on(erasure, at=at)

    async def delete(self, account_id: str) -> int:
        """Delete the holds of an account that is gone."""
        return await self.holds.delete(account_id)

    async def in_force(self, *, at: datetime, after: str | None, most: int) -> list[HoldRecord]:
        """Return the holds that are in force; whose accounts they are on is not for a list."""
        return [HoldRecord(hold=hold) for hold in await self.holds.in_force(at=at, after=after, most=most)]

    async def kept(self, erasure: Erasure, *, at: datetime) -> list[Kept]:
        """Return what is kept of the account itself, as it is written to the person."""
        return [_item(OWN, hold) for hold in await self._on(erasure, at=at)]

    async def _on(self, erasure: Erasure, *, at: datetime) -> list[Hold]:
        return await self.holds.on(erasure.account_id or "", at=at)

    async def _keep(self, erasure: Erasure, holds: list[Hold], services: tuple[str, ...], *, at_work: bool) -> None:
        for service in services:
            named = [hold for hold in holds if service == OWN or hold.scope is HoldScope.EVERYTHING]
            await self.erasures.hold(erasure, service, [_item(service, hold) for hold in named])
        await self.erasures.held(erasure, until=holds[0].until, asks=at_work)


def _item(service: str, hold: Hold) -> Kept:
    everything = hold.scope is HoldScope.EVERYTHING
    what = _EVERYTHING.format(service=service) if everything else _ACCOUNT
    return Kept(what=what, why=hold.reason, until=hold.until)
