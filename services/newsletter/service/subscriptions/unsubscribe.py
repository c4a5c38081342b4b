"""Ends subscriptions, by every method in the same way (C10)."""

from dataclasses import dataclass
from datetime import datetime

from services.newsletter.domain.subscriptions.subscriptions import Subscription, Suppression, UnsubscribeMethod
from services.newsletter.emails.links import EmailLinks
from services.newsletter.errors import SubscriptionNotFoundError
from services.newsletter.store import CampaignDeliveries, OptInRequests, Subscriptions, Suppressions
from shared.bus import Outbox
from shared.contracts import newsletter_v1
from shared.ids import NewId
from shared.mail import EmailAddress
from shared.mongo import Transact
from shared.policy import Purpose
from shared.privacy import DataAccess, ErasedCounts, EraseSubject, record_access


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeService:
    """Ends subscriptions; the next email is not sent, not even of a campaign that is being sent."""

    subscriptions: Subscriptions
    suppressions: Suppressions
    opt_in_requests: OptInRequests
    deliveries: CampaignDeliveries
    links: EmailLinks
    outbox: Outbox
    transact: Transact
    erase_subject: EraseSubject
    new_id: NewId

    async def unsubscribe_by_token(self, token: str, *, method: UnsubscribeMethod, at: datetime) -> None:
        """End the subscription that *token* names; nothing happens when it was ended or erased before."""
        subscription_id = self.links.subscription_id(token, at=at)

        async def work() -> None:
            found = await self.subscriptions.get(subscription_id)
            if found is not None:
                await self._unsubscribe(found, method, at)

        await self.transact(work)

    async def unsubscribe_by_owner(self, account_id: str, subscription_id: str, *, at: datetime) -> None:
        """End a subscription of this account; raises SubscriptionNotFoundError."""

        async def work() -> None:
            found = await self.subscriptions.get(subscription_id)
            if found is None or found.account_id != account_id:
                raise SubscriptionNotFoundError
            await self._unsubscribe(found, UnsubscribeMethod.ACCOUNT, at)

        await self.transact(work)

    async def unsubscribe_address(self, email: str, reason: str, *, staff_id: str, at: datetime) -> int:
        """End all subscriptions of an address at its owner's request; return how many."""
        address = EmailAddress(email)

        async def work() -> int:
            found = await self.subscriptions.list_by_email(address.email)
            for each in found:
                await self._unsubscribe(each, UnsubscribeMethod.STAFF, at, reason=reason, staff_id=staff_id)
            return len(found)

        return await self.transact(work)

    async def erase_account(self, account_id: str, *, at: datetime) -> tuple[ErasedCounts, int]:
        """Erase the subscriptions of an account in the ambient transaction; its suppressions lose the account.

        Return how many documents were deleted, and how many suppressions stay.
        """
        found = await self.subscriptions.list_by_account(account_id)
        for each in found:
            await self._unsubscribe(each, UnsubscribeMethod.ERASURE, at)
        suppressions = await self.suppressions.list_by_account(account_id)
        delivery_count = await self.deliveries.delete_by_subscriptions(
            sorted({suppression.subscription_id for suppression in suppressions})
        )
        requests = await self.opt_in_requests.list_by_account(account_id)
        for request in requests:
            await self.opt_in_requests.delete(request.request_id)
        await self.suppressions.anonymize(account_id)
        counts: ErasedCounts = {}
        for subject in (
            account_id,
            *(each.subscriber_id for each in found),
            *(request.request_id for request in requests),
        ):
            _add_counts(counts, await self.erase_subject(subject))
        _add_counts(
            counts, {"subscriptions": len(found), "opt_in_requests": len(requests), "deliveries": delivery_count}
        )
        return counts, len(suppressions)

    async def _unsubscribe(
        self,
        subscription: Subscription,
        method: UnsubscribeMethod,
        at: datetime,
        *,
        reason: str = "",
        staff_id: str = "",
    ) -> None:
        index, was_there = await self.subscriptions.delete(subscription)
        if not was_there:
            return
        suppression = Suppression(
            suppression_id=self.new_id("sup"),
            subscription_id=subscription.subscription_id,
            list_id=subscription.list_id,
            account_id=subscription.account_id,
            consent=subscription.consent,
            subscribed_at=subscription.subscribed_at,
            unsubscribed_at=at,
            method=method,
            resubscribed_at=None,
        )
        await self.suppressions.add(suppression, index=index, reason=reason, staff_id=staff_id)
        event = newsletter_v1.SubscriptionCancelled(
            subscription_id=subscription.subscription_id, list_id=subscription.list_id, method=method.value
        )
        event.cancelled_at.FromDatetime(at)
        await self.outbox.put(event, subject=subscription.subscription_id)
        if staff_id and subscription.account_id:
            await self._record_access(suppression, staff_id, at=at)

    async def _record_access(self, suppression: Suppression, staff_id: str, *, at: datetime) -> None:
        """Publish to the access ledger that staff saw a subscription; the suppression stores their reason."""
        access = DataAccess(
            entry_id=self.new_id("led"),
            account_id=suppression.account_id,
            recipient_kind="staff",
            recipient_id=staff_id,
            fields=["newsletter.subscriptions.address_index"],
            purpose=Purpose.SUPPORT,
            basis=suppression.suppression_id,
            accessed_at=at,
        )
        await record_access(self.outbox, access)


def _add_counts(total: dict[str, int], more: dict[str, int]) -> None:
    for name, count in more.items():
        total[name] = total.get(name, 0) + count
