"""Suppresses addresses: bounces, complaints, and people who had left elsewhere before their list came to us."""

from dataclasses import dataclass
from datetime import datetime

from services.newsletter.domain.subscriptions.addresses import extract_address
from services.newsletter.domain.subscriptions.subscriptions import (
    SUSPENSION_LIMIT,
    SuppressedAddress,
    SuppressionReason,
    UnsubscribeMethod,
)
from services.newsletter.service.subscriptions.ending import SubscriptionEnder
from services.newsletter.store import Subscriptions, SuppressedAddresses, Suppressions
from shared.ids import NewId
from shared.mail import EmailAddress
from shared.mongo import Transact

_BATCH_SIZE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionService:
    """Stops newsletters to an address in any letter case, and nothing else: no other email asks it (N-04).

    Only a fresh double opt-in makes a subscription again.
    """

    subscriptions: Subscriptions
    suppressions: Suppressions
    suppressed_addresses: SuppressedAddresses
    ender: SubscriptionEnder
    transact: Transact
    new_id: NewId

    async def is_suppressed(self, list_id: str, email: str) -> bool:
        """Return whether nothing may be sent to an address for a list: it left, bounced, complained or had left before.

        A subscription of the address that is in force was confirmed later, so it wins.
        """
        on_list = [each for each in await self.subscriptions.list_by_email(email) if each.list_id == list_id]
        if any(each.suspended_at is None for each in on_list):
            return False
        if await self.suppressions.has_open(list_id, email):
            return True
        return any(each.list_id in {"", list_id} for each in await self.suppressed_addresses.list_by_email(email))

    async def suppress_address(
        self,
        email: str,
        *,
        list_id: str = "",
        reason: SuppressionReason,
        origin: str,
        suppressed_at: datetime,
        at: datetime,
    ) -> bool:
        """Suppress an address for one list, or for all when *list_id* is empty; end what it has there.

        Return False when it was suppressed before for that reason. *suppressed_at* is when it was suppressed elsewhere.
        """
        address = EmailAddress(extract_address(email)).email
        entry = SuppressedAddress(
            suppressed_address_id=self.new_id("sad"),
            list_id=list_id,
            reason=reason,
            origin=origin,
            suppressed_at=suppressed_at,
            is_final=True,
        )

        async def work() -> bool:
            for each in await self.subscriptions.list_by_email(address):
                # Who confirmed here after leaving there wants the letters: the newer decision wins.
                if list_id in {"", each.list_id} and each.consent.confirmed_at <= suppressed_at:
                    await self.ender.end_subscription(each, UnsubscribeMethod.SUPPRESSION, at)
            folded = self.suppressed_addresses.index_address(address)
            return await self.suppressed_addresses.add(entry, folded=folded)

        return await self.transact(work)

    async def suspend_address(
        self, subscription_id: str, reason: SuppressionReason, *, verdict_id: str, at: datetime
    ) -> bool:
        """Stop all newsletters to the address of a subscription, until the verdict is undone; False when it has ended.

        Nothing is deleted for the time in which a verdict can be undone. The very next email is not sent.
        """
        entry = SuppressedAddress(
            suppressed_address_id=self.new_id("sad"),
            list_id="",
            reason=reason,
            origin=verdict_id,
            suppressed_at=at,
            is_final=False,
        )

        async def work() -> bool:
            folded = await self.subscriptions.get_folded_index(subscription_id)
            if folded is None:
                return False
            await self.subscriptions.suspend(folded, reason, verdict_id=verdict_id, at=at)
            return await self.suppressed_addresses.add(entry, folded=folded)

        return await self.transact(work)

    async def resume_address(self, verdict_id: str, *, at: datetime) -> int:
        """Undo a verdict within the time for it; return how many subscriptions get newsletters again."""

        async def work() -> int:
            resumed = 0
            for folded, entry in await self.suppressed_addresses.list_by_origin(verdict_id):
                if not entry.is_final and at < entry.suppressed_at + SUSPENSION_LIMIT:
                    resumed += await self.subscriptions.resume(folded, verdict_id=verdict_id)
                    await self.suppressed_addresses.delete(entry.suppressed_address_id)
            return resumed

        return await self.transact(work)

    async def end_suspended(self, *, at: datetime) -> int:
        """End the subscriptions that have been suspended for so long that no verdict is undone; return how many."""
        due = await self.suppressed_addresses.list_undoable_until(at - SUSPENSION_LIMIT, _BATCH_SIZE)
        return sum([await self._end_suspended(folded, entry, at) for folded, entry in due])

    async def _end_suspended(self, folded: str, entry: SuppressedAddress, at: datetime) -> int:
        async def work() -> int:
            found = await self.subscriptions.list_suspended(folded, verdict_id=entry.origin)
            for each in found:
                await self.ender.end_subscription(each, UnsubscribeMethod.SUPPRESSION, at)
            await self.suppressed_addresses.mark_final(entry.suppressed_address_id)
            return len(found)

        return await self.transact(work)
