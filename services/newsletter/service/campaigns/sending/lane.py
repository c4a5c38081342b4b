"""The way of one delivery: limits, last look at the subscription, mark, content, answer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.newsletter.domain.campaigns.answers import AnswerKind, classify_answer
from services.newsletter.domain.campaigns.campaigns import CampaignDelivery, DeliveryState
from services.newsletter.domain.campaigns.recipients import CampaignRecipient
from services.newsletter.emails.campaigns import CampaignComposer
from services.newsletter.service.campaigns.sending.answers import AnswerRecorder
from services.newsletter.service.campaigns.sending.hold import BatchHold
from services.newsletter.service.campaigns.sending.journal import SendingJournal
from services.newsletter.service.campaigns.sending.micro_batch import MicroBatch
from services.newsletter.service.campaigns.sending.relay import RelayPool
from services.newsletter.service.campaigns.sending.throttle import SendingThrottle
from services.newsletter.store import Recipients
from shared import observe
from shared.backoff import Backoff
from shared.clock import Clock, monotonic
from shared.mail import SmtpClient, SmtpReply, SmtpUnavailableError
from shared.mongo import StoreUnavailableError

log = observe.get_logger(__name__)

_CHECKED_AGAIN_AFTER = 0.5
"""Seconds for which the last look at a subscription holds; a connection that was waited for longer needs another."""
_STORE_RETRY_DELAY = 0.2
MAX_AGE = timedelta(days=3)
"""An email that could not be relayed for so long is no longer news."""


class HoldEndedError(Exception):
    """The batch may not be sent by this worker any more; what is left stays as it is stored."""


class SubscriptionGate:
    """Asks just before each email whether its recipient is still subscribed (C10), many at a time."""

    def __init__(self, recipients: Recipients) -> None:
        self._recipients = recipients
        self._checks: MicroBatch[CampaignRecipient, bool] = MicroBatch(self._check_active)

    async def is_open(self, recipient: CampaignRecipient) -> bool:
        """Return whether *recipient* is subscribed now."""
        return await self._checks.submit(recipient)

    async def _check_active(self, recipients: Sequence[CampaignRecipient]) -> Sequence[bool]:
        active = await self._recipients.map_active([each.subscription_id for each in recipients])
        return [active.get(each.subscription_id) == each.subscriber_id for each in recipients]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneParts:
    """What all lanes of a worker share."""

    gate: SubscriptionGate
    journal: SendingJournal
    relay: RelayPool
    throttle: SendingThrottle
    answers: AnswerRecorder
    clock: Clock
    retry_backoff: Backoff
    on_hard_refusal: Callable[[CampaignDelivery, datetime], Awaitable[None]]
    """Scores the address of a delivery that was refused for good."""
    on_soft_refusal: Callable[[CampaignDelivery, str, datetime], Awaitable[None]]
    """Logs a temporary refusal of a delivery to an address (C04): the delivery keeps the last answer only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLane:
    """Sends the deliveries of one batch, one after the other."""

    parts: LaneParts
    hold: BatchHold
    composer: CampaignComposer

    async def send_delivery(self, delivery: CampaignDelivery, recipient: CampaignRecipient | None) -> CampaignDelivery:
        """Send *delivery*; return it as it is stored afterwards. Raises HoldEndedError."""
        if recipient is None:
            return await self._complete(delivery, DeliveryState.SUPPRESSED)
        if self.parts.clock() - self.composer.composed_at > MAX_AGE:
            return await self._complete(delivery, DeliveryState.EXPIRED)
        until = await self.parts.throttle.find_delay(recipient.domain)
        if until is not None:
            return await self.parts.journal.write_delivery(delivery.defer_until(until))
        while True:
            self._check_hold()
            if not await self._is_subscribed(recipient):
                return await self._complete(delivery, DeliveryState.SUPPRESSED)
            checked = monotonic()
            client = await self.parts.relay.acquire()
            try:
                if monotonic() - checked > _CHECKED_AGAIN_AFTER:
                    continue
                stored = await self._try_on(client, delivery, recipient)
            finally:
                self.parts.relay.put_back(client)
            delivery = await stored
            if delivery.state is not DeliveryState.WAITING or delivery.due_at is not None:
                return delivery

    async def _is_subscribed(self, recipient: CampaignRecipient) -> bool:
        """Look at the subscription; while the database is away nothing is sent."""
        while True:
            try:
                return await self.parts.gate.is_open(recipient)
            except StoreUnavailableError:
                await asyncio.sleep(_STORE_RETRY_DELAY)
                self._check_hold()

    async def _try_on(
        self, client: SmtpClient, delivery: CampaignDelivery, recipient: CampaignRecipient
    ) -> "asyncio.Future[CampaignDelivery]":
        """Make one attempt; return the delivery as it is being stored. One without an answer is to be tried again.

        Its last state is in the journal before the connection is free, so before the mark of the next email.
        """
        content = self.composer.render(delivery.delivery_id, recipient)
        marked = delivery.mark_attempt(self.parts.clock())
        marking = self.parts.journal.write_delivery(marked)
        try:
            reply = await client.send_envelope(
                content.mail_from, recipient.addr_spec, needs_smtputf8=recipient.needs_smtputf8
            )
            await marking
            if reply is None:
                if not self.hold.is_valid:
                    client.close()  # the envelope is open, and no content may follow
                    await self.parts.journal.write_delivery(delivery)
                    raise HoldEndedError
                reply = await client.send_content(content.raw)
        except SmtpUnavailableError as fault:
            log.warning("newsletter.relay_unavailable", fault=str(fault), code=fault.code, lost=fault.answer_lost)
            self.parts.relay.record_failure()
            return self.parts.journal.write_delivery(marked if fault.answer_lost else delivery)
        self.parts.relay.record_success()
        return self.parts.journal.write_delivery(await self._settle(marked, recipient, reply))

    async def _settle(
        self, delivery: CampaignDelivery, recipient: CampaignRecipient, reply: SmtpReply
    ) -> CampaignDelivery:
        """Return *delivery* with the answer of the relay."""
        at, kind = self.parts.clock(), classify_answer(reply.code, reply.enhanced)
        self.parts.answers.record(delivery.campaign_id, kind)
        if kind is AnswerKind.ACCEPTED:
            return delivery.complete(DeliveryState.ACCEPTED, at, code=reply.code, enhanced=reply.enhanced)
        if kind is AnswerKind.SOFT:
            until = at + self.parts.retry_backoff.delay_for(delivery.attempts + 1)
            deferred = delivery.defer_until(until, code=reply.code, enhanced=reply.enhanced)
            await self.parts.on_soft_refusal(deferred, recipient.addr_spec, at)
            return deferred
        failed = delivery.complete(DeliveryState.FAILED, at, code=reply.code, enhanced=reply.enhanced)
        if kind is AnswerKind.HARD:
            await self.parts.on_hard_refusal(failed, at)
        return failed

    async def _complete(self, delivery: CampaignDelivery, state: DeliveryState) -> CampaignDelivery:
        return await self.parts.journal.write_delivery(delivery.complete(state, self.parts.clock()))

    def _check_hold(self) -> None:
        if not self.hold.is_valid:
            raise HoldEndedError
