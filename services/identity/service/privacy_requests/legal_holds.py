"""Legal holds on erasures: the owner is told what is retained, and it is erased when the hold ends (C31)."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.privacy_requests.lifecycle import OWN_SERVICE, SERVICES, RetainedItem
from services.identity.domain.staff.admin_actions import HoldScope
from services.identity.store import ErasureRequestDocument, ErasureRequests, LegalHoldDocument, LegalHolds

_ACCOUNT_ITEM = "your account with its email address"
_EVERYTHING_ITEM = "all your data in {service}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHoldSummary:
    """A hold in the list of staff."""

    hold: LegalHoldDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHoldService:
    """Checks for holds at each step of an erasure, in the ambient transaction."""

    legal_holds: LegalHolds
    erasure_requests: ErasureRequests

    async def defer_if_held(self, erasure: ErasureRequestDocument, *, at: datetime) -> bool:
        """Put a new erasure on hold if needed; return whether the services must wait, too."""
        holds = await self._list_holds(erasure, at=at)
        everything = any(hold.scope is HoldScope.EVERYTHING for hold in holds)
        if holds:
            await self._suspend(
                erasure, holds, SERVICES if everything else (OWN_SERVICE,), services_notified=not everything
            )
        return everything

    async def retain_account_if_held(self, erasure: ErasureRequestDocument, *, at: datetime) -> bool:
        """Return whether a hold retains the account; if so, identity's receipt says what, why and until when."""
        holds = await self._list_holds(erasure, at=at)
        if holds:
            await self._suspend(erasure, holds, (OWN_SERVICE,), services_notified=erasure.should_dispatch)
        return bool(holds)

    async def is_released(self, erasure: ErasureRequestDocument, *, at: datetime) -> bool:
        """Return whether no hold retains the account."""
        return not await self._list_holds(erasure, at=at)

    async def delete(self, account_id: str) -> int:
        """Delete the holds of an erased account."""
        return await self.legal_holds.delete_by_account(account_id)

    async def list_active(self, *, at: datetime, after: str | None, limit: int) -> list[LegalHoldSummary]:
        """Return a page of active holds, without their accounts."""
        return [
            LegalHoldSummary(hold=hold) for hold in await self.legal_holds.list_active(at=at, after=after, limit=limit)
        ]

    async def list_retained_items(self, erasure: ErasureRequestDocument, *, at: datetime) -> list[RetainedItem]:
        """Return the retained items of the account itself, for the email to its owner."""
        return [_build_item(OWN_SERVICE, hold) for hold in await self._list_holds(erasure, at=at)]

    async def _list_holds(self, erasure: ErasureRequestDocument, *, at: datetime) -> list[LegalHoldDocument]:
        return await self.legal_holds.list_by_account(erasure.account_id or "", at=at)

    async def _suspend(
        self,
        erasure: ErasureRequestDocument,
        holds: list[LegalHoldDocument],
        services: tuple[str, ...],
        *,
        services_notified: bool,
    ) -> None:
        for service in services:
            named = [hold for hold in holds if service == OWN_SERVICE or hold.scope is HoldScope.EVERYTHING]
            await self.erasure_requests.suspend_service(
                erasure, service, [_build_item(service, hold) for hold in named]
            )
        await self.erasure_requests.suspend(erasure, until=holds[0].until, should_dispatch=services_notified)


def _build_item(service: str, hold: LegalHoldDocument) -> RetainedItem:
    everything = hold.scope is HoldScope.EVERYTHING
    description = _EVERYTHING_ITEM.format(service=service) if everything else _ACCOUNT_ITEM
    return RetainedItem(description=description, reason=hold.reason, until=hold.until)
