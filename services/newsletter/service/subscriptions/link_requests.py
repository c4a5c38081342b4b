"""Sends the unsubscribe links of an address to a person who has no letter (C10)."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from services.newsletter.domain.subscriptions.addresses import extract_address
from services.newsletter.domain.subscriptions.subscriptions import NewsletterRecipient
from services.newsletter.emails.subscriptions import SubscriptionEmails
from services.newsletter.store import MailingLists, Subscriptions, UnsubscribeLinkRequests
from shared.ids import NewId
from shared.mail import EmailAddress, MailQueue
from shared.mongo import DuplicateError, Transact
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeLinkService:
    """Accepts a request at once and sends later: neither the answer nor its time tells whether there are links."""

    lists: MailingLists
    subscriptions: Subscriptions
    link_requests: UnsubscribeLinkRequests
    emails: SubscriptionEmails
    mail_queue: MailQueue
    transact: Transact
    new_id: NewId
    pause: timedelta
    """The minimum time between two such emails to one address."""

    async def request_links(self, pasted: str, *, at: datetime) -> None:
        """Store a request for an address; nothing happens when there was one within the pause."""
        email = EmailAddress(extract_address(pasted)).email
        with suppress(DuplicateError):
            await self.link_requests.add(self.new_id("ulr"), email, at)

    async def send_due(self, *, at: datetime) -> int:
        """Send the links of the waiting requests, and forget those whose pause has ended; return how many were sent."""
        await self.link_requests.delete_handled(at - self.pause)
        sent = 0
        for request_id, folded in await self.link_requests.list_unhandled():
            sent += await self.transact(partial(self._send_links, request_id, folded, at))
        return sent

    async def _send_links(self, request_id: str, folded: str, at: datetime) -> int:
        """Queue one email for each spelling that is subscribed: it goes there, never to an address that was typed."""
        if not await self.link_requests.mark_handled(request_id, at):
            return 0
        recipients = await self.subscriptions.list_recipients_by_index(folded, Purpose.NEWSLETTER)
        names = await self.lists.get_names({each.subscription.list_id for each in recipients})
        by_spelling: dict[str, list[NewsletterRecipient]] = {}
        for each in recipients:
            by_spelling.setdefault(each.email, []).append(each)
        for email, own in by_spelling.items():
            subscriptions = [
                (names.get(each.subscription.list_id, ""), each.subscription.subscription_id) for each in own
            ]
            message = self.emails.render_unsubscribe_links(EmailAddress(email), subscriptions)
            await self.mail_queue.enqueue(message, purpose=Purpose.NEWSLETTER, expires_after=timedelta(days=1))
        return len(by_spelling)
