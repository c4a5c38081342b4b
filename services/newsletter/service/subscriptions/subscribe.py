"""Subscribes by double opt-in: a request, a confirmation email, a confirmation."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from services.newsletter.domain.subscriptions.consent import CURRENT_CONSENT, ConsentSource
from services.newsletter.domain.subscriptions.lists import MailingList
from services.newsletter.domain.subscriptions.opt_in import OptInCooldown, OptInRequest
from services.newsletter.domain.subscriptions.subscriptions import Subscription
from services.newsletter.emails.links import EmailLinks
from services.newsletter.emails.subscriptions import SubscriptionEmails
from services.newsletter.errors import ListNotFoundError
from services.newsletter.store import MailingLists, OptInRequests, Subscriptions, Suppressions
from shared.bus import Outbox
from shared.contracts import newsletter_v1
from shared.crypto import InvalidTokenError
from shared.ids import NewId
from shared.mail import EmailAddress, MailQueue
from shared.mongo import DuplicateError, Transact
from shared.policy import Purpose
from shared.privacy import EraseSubject


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribeService:
    """Creates lists, accepts opt-in requests and confirms them."""

    lists: MailingLists
    opt_in_requests: OptInRequests
    subscriptions: Subscriptions
    suppressions: Suppressions
    links: EmailLinks
    emails: SubscriptionEmails
    mail_queue: MailQueue
    outbox: Outbox
    transact: Transact
    erase_subject: EraseSubject
    new_id: NewId
    opt_in_ttl: timedelta
    cooldown: OptInCooldown

    async def create_list(self, name: str, description: str, *, idempotency_key: str, at: datetime) -> MailingList:
        """Create a list, once for each *idempotency_key*."""
        mailing_list = MailingList(list_id=self.new_id("lst"), name=name, description=description, created_at=at)
        return await self.lists.add(mailing_list, idempotency_key=idempotency_key)

    async def list_lists(self, *, after: str | None, limit: int) -> list[MailingList]:
        """Return up to *limit* lists after the id *after*, ordered by id."""
        return await self.lists.list_page(after=after, limit=limit)

    async def request(self, list_id: str, email: str, *, account_id: str, at: datetime) -> None:
        """Store an opt-in request and queue its confirmation email.

        Whether the address is subscribed is not read, so neither the answer nor its timing can reveal it.
        """
        mailing_list = await self.lists.get(list_id)
        if mailing_list is None:
            raise ListNotFoundError
        to = EmailAddress(email)
        request = OptInRequest(
            request_id=self.new_id("opt"),
            list_id=list_id,
            account_id=account_id,
            consent_version=CURRENT_CONSENT.version,
            source=ConsentSource.ACCOUNT if account_id else ConsentSource.PAGE,
            requested_at=at,
            expires_at=at + self.opt_in_ttl,
        )
        # Of two concurrent requests for one address and list, the other has queued the same email.
        with suppress(DuplicateError):
            await self.transact(lambda: self._store_request(request, mailing_list, to))

    async def confirm(self, token: str, *, at: datetime) -> tuple[Subscription, MailingList]:
        """Create the subscription that *token* confirms; raises InvalidTokenError when it was used or has expired."""
        request_id = self.links.opt_in_request_id(token, at=at)
        subscription = await self.transact(lambda: self._confirm_request(request_id, at))
        mailing_list = await self.lists.get(subscription.list_id)
        if mailing_list is None:
            raise ListNotFoundError
        return subscription, mailing_list

    async def delete_expired(self, *, at: datetime) -> int:
        """Delete the expired opt-in requests and their keys; return how many."""
        expired = await self.opt_in_requests.list_expired(at)
        for request_id in expired:
            await self.transact(partial(self._delete_request, request_id))
        return len(expired)

    async def _store_request(self, request: OptInRequest, mailing_list: MailingList, to: EmailAddress) -> None:
        previous = await self.opt_in_requests.list_by_email(to.email)
        if not self.cooldown.allows(previous, request.list_id, request.requested_at):
            return
        for older in previous:
            if older.list_id == request.list_id:
                await self._delete_request(older.request_id)
        await self.opt_in_requests.add(request, to.email)
        email = self.emails.render_confirmation(mailing_list, request, to)
        # Sealed under the key of the request: an email that is still queued becomes unreadable with it.
        await self.mail_queue.enqueue(
            email,
            subject=request.request_id,
            purpose=Purpose.NEWSLETTER,
            expires_after=request.expires_at - request.requested_at,
        )

    async def _confirm_request(self, request_id: str, at: datetime) -> Subscription:
        opened = await self.opt_in_requests.get_with_email(request_id, Purpose.NEWSLETTER)
        if opened is None:
            raise InvalidTokenError
        request, email = opened
        await self._delete_request(request_id)
        subscription = await self._activate_subscription(request, email, at)
        event = newsletter_v1.SubscriptionConfirmed(
            subscription_id=subscription.subscription_id, list_id=subscription.list_id
        )
        event.confirmed_at.FromDatetime(at)
        await self.outbox.put(event, subject=subscription.subscription_id)
        return subscription

    async def _activate_subscription(self, request: OptInRequest, email: str, at: datetime) -> Subscription:
        consent = request.to_consent(at)
        found = await self.subscriptions.get_on_list(request.list_id, email)
        if found is not None:
            await self.subscriptions.renew_consent(found.subscription_id, consent, account_id=request.account_id)
            return found
        # A returning subscriber keeps the id, so that the unsubscribe links of all earlier emails still work.
        before = await self.suppressions.get_latest(request.list_id, email)
        if before is not None:
            await self.suppressions.mark_resubscribed(before.suppression_id, at)
        subscription = Subscription(
            subscription_id=before.subscription_id if before else self.new_id("sub"),
            subscriber_id=self.new_id("ssb"),
            list_id=request.list_id,
            account_id=request.account_id,
            consent=consent,
            subscribed_at=at,
        )
        await self.subscriptions.add(subscription, email)
        return subscription

    async def _delete_request(self, request_id: str) -> None:
        if await self.opt_in_requests.delete(request_id):
            await self.erase_subject(request_id)
