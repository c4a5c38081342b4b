"""Ends subscriptions, by every method in the same way (C10)."""

from dataclasses import dataclass
from datetime import datetime

from services.newsletter.domain.subscriptions.addresses import extract_address, mask_address
from services.newsletter.domain.subscriptions.subscriptions import Subscription, UnsubscribeMethod
from services.newsletter.emails.links import EmailLinks
from services.newsletter.errors import SubscriptionNotFoundError
from services.newsletter.service.subscriptions.ending import SubscriptionEnder
from services.newsletter.store import CampaignDeliveries, ConfirmedRequests, MailingLists, Subscriptions, Suppressions
from shared.mail import EmailAddress, MailLog
from shared.mongo import Transact
from shared.policy import Purpose
from shared.privacy import ErasedCounts, EraseSubject


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeDetails:
    """What a link ends, for the page that asks for the click."""

    is_subscribed: bool
    list_name: str
    """Empty when nothing is stored of the subscription any more."""
    masked_email: str
    """Empty when the subscription was ended: its address is deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribedAddress:
    """What staff ended."""

    subscriptions: int
    similar: int
    """How many subscriptions have an address that differs in dots or in a ``+tag`` only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeService:
    """Ends subscriptions; the next email is not sent, not even of a campaign that is being sent."""

    lists: MailingLists
    subscriptions: Subscriptions
    suppressions: Suppressions
    deliveries: CampaignDeliveries
    confirmed_requests: ConfirmedRequests
    mail_log: MailLog
    ender: SubscriptionEnder
    links: EmailLinks
    transact: Transact
    erase_subject: EraseSubject

    async def get_details(self, token: str, *, at: datetime) -> UnsubscribeDetails:
        """Return what *token* ends; raises InvalidTokenError."""
        subscription_id = self.links.subscription_id(token, at=at)
        found = await self.subscriptions.get_recipient(subscription_id, Purpose.NEWSLETTER)
        if found is not None:
            list_id, masked = found.subscription.list_id, mask_address(found.email)
        else:
            left = await self.suppressions.list_by_subscriptions({subscription_id})
            list_id, masked = (left[0].list_id if left else ""), ""
        names = await self.lists.get_names({list_id})
        return UnsubscribeDetails(
            is_subscribed=found is not None, list_name=names.get(list_id, ""), masked_email=masked
        )

    async def unsubscribe_by_token(self, token: str, *, method: UnsubscribeMethod, at: datetime) -> None:
        """End the subscription that *token* names; nothing happens when it was ended or erased before."""
        await self.unsubscribe_by_id(self.links.subscription_id(token, at=at), method=method, at=at)

    async def unsubscribe_by_mail(self, token: str, *, at: datetime) -> None:
        """End the subscription of an email to ``leave+<token>@…``, from any sender; raises InvalidTokenError."""
        subscription_id = self.links.subscription_id_of_address(token)
        await self.unsubscribe_by_id(subscription_id, method=UnsubscribeMethod.MAIL, at=at)

    async def unsubscribe_by_id(self, subscription_id: str, *, method: UnsubscribeMethod, at: datetime) -> None:
        """End a subscription; nothing happens when it was ended or erased before."""

        async def work() -> None:
            found = await self.subscriptions.get(subscription_id)
            if found is not None:
                await self._end_on_list(found, method, at)

        await self.transact(work)

    async def unsubscribe_by_owner(self, account_id: str, subscription_id: str, *, at: datetime) -> None:
        """End a subscription of this account; raises SubscriptionNotFoundError."""

        async def work() -> None:
            found = await self.subscriptions.get(subscription_id)
            if found is None or found.account_id != account_id:
                raise SubscriptionNotFoundError
            await self._end_on_list(found, UnsubscribeMethod.ACCOUNT, at)

        await self.transact(work)

    async def unsubscribe_address(
        self, pasted: str, reason: str, *, staff_id: str, at: datetime
    ) -> UnsubscribedAddress:
        """End all subscriptions of an address in any letter case, at its owner's request."""
        email = EmailAddress(extract_address(pasted)).email

        async def work() -> UnsubscribedAddress:
            found = await self.subscriptions.list_by_email(email)
            for each in found:
                await self.ender.end_subscription(each, UnsubscribeMethod.STAFF, at, reason=reason, staff_id=staff_id)
            return UnsubscribedAddress(subscriptions=len(found), similar=await self.subscriptions.count_similar(email))

        return await self.transact(work)

    async def erase_account(self, account_id: str, *, at: datetime) -> tuple[ErasedCounts, int]:
        """Erase the subscriptions of an account in the ambient transaction; its suppressions lose the account.

        Its emails stay in the mail log without a tie to it.

        Return how many documents were deleted, and how many suppressions stay.
        """
        found = await self.subscriptions.list_by_account(account_id)
        requests = await self.confirmed_requests.list_by_subscribers([each.subscriber_id for each in found])
        for each in found:
            await self.ender.end_subscription(each, UnsubscribeMethod.ERASURE, at)
        suppressions = await self.suppressions.list_by_account(account_id)
        ended_ids = sorted({suppression.subscription_id for suppression in suppressions})
        delivery_count = await self.deliveries.anonymize_by_subscriptions(ended_ids)
        for owner in (*ended_ids, *(each.request_id for each in requests)):
            await self.mail_log.anonymize(owner)
        await self.suppressions.anonymize(account_id)
        counts: ErasedCounts = {}
        for subject in (account_id, *(each.subscriber_id for each in found)):
            _add_counts(counts, await self.erase_subject(subject))
        _add_counts(counts, {"subscriptions": len(found), "deliveries": delivery_count})
        return counts, len(suppressions)

    async def _end_on_list(self, subscription: Subscription, method: UnsubscribeMethod, at: datetime) -> None:
        # A person who joined in two spellings gets two letters, and means both.
        for each in await self.subscriptions.list_same_address(subscription):
            if each.list_id == subscription.list_id:
                await self.ender.end_subscription(each, method, at)


def _add_counts(total: dict[str, int], more: dict[str, int]) -> None:
    for name, count in more.items():
        total[name] = total.get(name, 0) + count
