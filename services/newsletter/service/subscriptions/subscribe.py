"""Subscribes by double opt-in: a request, a confirmation email, a confirmation."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from services.newsletter.domain.subscriptions.addresses import AddressPolicy, mask_address
from services.newsletter.domain.subscriptions.consent import CURRENT_CONSENT, ConsentSource
from services.newsletter.domain.subscriptions.lists import MailingList
from services.newsletter.domain.subscriptions.opt_in import OptInCooldown, OptInRequest
from services.newsletter.domain.subscriptions.subscriptions import Subscription, SuppressionReason
from services.newsletter.emails.links import EmailLinks
from services.newsletter.emails.subscriptions import SubscriptionEmails
from services.newsletter.errors import ListNotFoundError
from services.newsletter.store import (
    ConfirmedRequests,
    MailingLists,
    OptInRequests,
    Subscriptions,
    SuppressedAddresses,
    Suppressions,
)
from shared.bus import Outbox
from shared.contracts import newsletter_v1
from shared.crypto import InvalidTokenError
from shared.ids import NewId
from shared.mail import DeliveryStatus, EmailAddress, MailLog, MailQueue
from shared.mongo import DuplicateError, Transact
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationDetails:
    """What a link confirms, for the page that asks for the click."""

    is_confirmed: bool
    list_name: str
    masked_email: str
    consent_version: str
    requested_in_account: bool
    """Whether a customer with an account asked, who need not own the address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribeService:
    """Creates lists, accepts opt-in requests and confirms them."""

    lists: MailingLists
    opt_in_requests: OptInRequests
    confirmed_requests: ConfirmedRequests
    subscriptions: Subscriptions
    suppressions: Suppressions
    suppressed_addresses: SuppressedAddresses
    links: EmailLinks
    emails: SubscriptionEmails
    mail_queue: MailQueue
    outbox: Outbox
    transact: Transact
    destroy_key: Callable[[str], Awaitable[bool]]
    mail_log: MailLog
    new_id: NewId
    opt_in_ttl: timedelta
    cooldown: OptInCooldown
    address_policy: AddressPolicy

    async def create_list(self, name: str, description: str, *, idempotency_key: str, at: datetime) -> MailingList:
        """Create a list, once for each *idempotency_key*."""
        mailing_list = MailingList(list_id=self.new_id("lst"), name=name, description=description, created_at=at)
        return await self.lists.add(mailing_list, idempotency_key=idempotency_key)

    async def list_lists(self, *, after: str | None, limit: int) -> list[MailingList]:
        """Return up to *limit* lists after the id *after*, ordered by id."""
        return await self.lists.list_page(after=after, limit=limit)

    async def request(self, list_id: str, email: str, *, source: ConsentSource, at: datetime) -> None:
        """Store an opt-in request and queue its confirmation email.

        Whether the address is subscribed is not read, so neither the answer nor its timing can reveal it. Which account
        asked is not stored: the address may be another person's.
        """
        mailing_list = await self._get_list(list_id)
        to = EmailAddress(email)
        self.address_policy.reject_own_address(to.email, to.domain)
        request = OptInRequest(
            request_id=self.new_id("opt"),
            list_id=list_id,
            consent_version=CURRENT_CONSENT.version,
            source=source,
            requested_at=at,
            expires_at=at + self.opt_in_ttl,
        )
        # Of two concurrent requests for one address and list, the other has queued the same email.
        with suppress(DuplicateError):
            await self.transact(lambda: self._store_request(request, mailing_list, to))

    async def get_details(self, token: str, *, at: datetime) -> ConfirmationDetails:
        """Return what *token* confirms; raises InvalidTokenError as ``confirm`` would."""
        request_id = self.links.opt_in_request_id(token, at=at)
        opened = await self.opt_in_requests.get_with_email(request_id, Purpose.NEWSLETTER)
        if opened is not None:
            request, email = opened
            list_id, version, source = request.list_id, request.consent_version, request.source
        else:
            made = await self._get_confirmed(request_id)
            found = await self.subscriptions.get_recipient(made.subscription_id, Purpose.NEWSLETTER)
            if found is None:
                raise InvalidTokenError
            list_id, email = made.list_id, found.email
            version, source = made.consent.consent_version, made.consent.source
        return ConfirmationDetails(
            is_confirmed=opened is None,
            list_name=(await self._get_list(list_id)).name,
            masked_email=mask_address(email),
            consent_version=version,
            requested_in_account=source is ConsentSource.ACCOUNT,
        )

    async def confirm(self, token: str, *, account_id: str, at: datetime) -> tuple[Subscription, MailingList]:
        """Create the subscription that *token* confirms, and link it to *account_id* unless that is empty.

        A second press within the lifetime of the token finds the same subscription while it gets emails; raises
        InvalidTokenError when that has ended or is suspended, or when the token has expired.
        """
        request_id = self.links.opt_in_request_id(token, at=at)
        subscription = await self.transact(lambda: self._confirm_request(request_id, account_id, at))
        return subscription, await self._get_list(subscription.list_id)

    async def delete_expired(self, *, at: datetime) -> int:
        """Delete the expired opt-in requests and their keys; return how many."""
        await self.confirmed_requests.delete_expired(at)
        expired = await self.opt_in_requests.list_expired(at)
        for request_id in expired:
            await self.transact(partial(self._delete_request, request_id))
        return len(expired)

    async def _store_request(self, request: OptInRequest, mailing_list: MailingList, to: EmailAddress) -> None:
        pending = await self.opt_in_requests.list_by_email(to.email)
        confirmed = await self.confirmed_requests.list_by_email(to.email)
        previous = [(each.list_id, each.requested_at) for each in pending]
        previous += [(each.list_id, each.requested_at) for each in confirmed]
        if not self.cooldown.allows(previous, request.list_id, request.requested_at):
            return
        for older in pending:
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

    async def _confirm_request(self, request_id: str, account_id: str, at: datetime) -> Subscription:
        opened = await self.opt_in_requests.get_with_email(request_id, Purpose.NEWSLETTER)
        if opened is None:
            return await self._get_confirmed(request_id)
        request, email = opened
        await self._delete_request(request_id, attempted=DeliveryStatus.RELAYED)  # its link arrived
        subscription = await self._activate_subscription(request, email, account_id, at)
        await self.confirmed_requests.add(request, subscription, email, at)
        # The confirmation email stays in the mail log (C04), and an erasure finds it by the subscription.
        await self.mail_log.assign_owner(request_id, subscription.subscription_id)
        event = newsletter_v1.SubscriptionConfirmed(
            subscription_id=subscription.subscription_id, list_id=subscription.list_id
        )
        event.confirmed_at.FromDatetime(at)
        await self.outbox.put(event, subject=subscription.subscription_id)
        return subscription

    async def _get_confirmed(self, request_id: str) -> Subscription:
        """Return the subscription of a link that was used before, while that very subscription gets emails."""
        ids = await self.confirmed_requests.get_subscription(request_id)
        found = await self.subscriptions.get(ids[0]) if ids else None
        if ids is None or found is None or found.subscriber_id != ids[1] or found.suspended_at is not None:
            raise InvalidTokenError
        return found

    async def _activate_subscription(
        self, request: OptInRequest, email: str, account_id: str, at: datetime
    ) -> Subscription:
        consent = request.to_consent(at)
        await self._lift_bounces(email)
        found = await self.subscriptions.get_on_list(request.list_id, email)
        if found is not None:
            await self.subscriptions.renew_consent(found.subscription_id, consent, account_id=account_id)
            return found
        # A returning subscriber keeps the id, so that the unsubscribe links of all earlier emails still work.
        before = await self.suppressions.get_latest(request.list_id, email)
        if before is not None:
            await self.suppressions.mark_resubscribed(before.suppression_id, at)
        subscription = Subscription(
            subscription_id=before.subscription_id if before else self.new_id("sub"),
            subscriber_id=self.new_id("ssb"),
            list_id=request.list_id,
            account_id=account_id,
            consent=consent,
            subscribed_at=at,
        )
        await self.subscriptions.add(subscription, email)
        return subscription

    async def _lift_bounces(self, email: str) -> None:
        # A confirmation proves that the mailbox exists. A complaint stays: it holds for all other lists.
        for entry in await self.suppressed_addresses.list_by_email(email):
            if entry.reason is SuppressionReason.BOUNCED:
                await self.suppressed_addresses.delete(entry.suppressed_address_id)

    async def _get_list(self, list_id: str) -> MailingList:
        mailing_list = await self.lists.get(list_id)
        if mailing_list is None:
            raise ListNotFoundError
        return mailing_list

    async def _delete_request(self, request_id: str, *, attempted: DeliveryStatus = DeliveryStatus.SUPPRESSED) -> None:
        """Delete a request with its key and its queued email, which stays in the mail log (C04)."""
        if await self.opt_in_requests.delete(request_id):
            await self.mail_queue.withdraw_emails(request_id, attempted=attempted)
            await self.destroy_key(request_id)
