"""Ends one subscription: the same for every way to leave (C10)."""

from dataclasses import dataclass
from datetime import datetime

from services.newsletter.domain.subscriptions.subscriptions import Subscription, Suppression, UnsubscribeMethod
from services.newsletter.store import ConfirmedRequests, Subscriptions, Suppressions
from shared.bus import Outbox
from shared.contracts import newsletter_v1
from shared.ids import NewId
from shared.policy import Purpose
from shared.privacy import DataAccess, record_access


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionEnder:
    """Deletes a subscription with the key of its address, and leaves the suppression."""

    subscriptions: Subscriptions
    suppressions: Suppressions
    confirmed_requests: ConfirmedRequests
    outbox: Outbox
    new_id: NewId

    async def end_subscription(
        self,
        subscription: Subscription,
        method: UnsubscribeMethod,
        at: datetime,
        *,
        reason: str = "",
        staff_id: str = "",
    ) -> None:
        """End a subscription in the ambient transaction; nothing happens when it was ended before."""
        indexes = await self.subscriptions.delete(subscription)
        if indexes is None:
            return
        await self.confirmed_requests.delete_by_subscriber(subscription.subscriber_id)
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
        await self.suppressions.add(suppression, indexes=indexes, reason=reason, staff_id=staff_id)
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
