"""Sends queued emails to the relay and retries until each has its final status.

Delivery is at least once. A process killed between the relay's acceptance and the commit leaves the email claimed. Once
the claim expires it is sent again, byte for byte, with the same Message-ID, so that mailboxes can deduplicate it.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from shared import observe
from shared.backoff import Backoff
from shared.clock import Clock
from shared.crypto import DecryptionError, KeyDestroyedError
from shared.mail.address import FromAddress
from shared.mail.compose import compose
from shared.mail.dkim import DkimSigner
from shared.mail.log import DeliveryStatus
from shared.mail.message import EmailMessage
from shared.mail.queue import MailQueue, QueuedMailDocument
from shared.mail.return_path import ReturnPathSigner
from shared.mail.smtp import ReplyClass, SmtpClient, SmtpUnavailableError, SmtpUrl

log = observe.get_logger(__name__)

_RECONNECT_DELAY_MIN = timedelta(seconds=0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderConfig:
    """Concurrency, claim and retry settings of the sender."""

    connections: int = 4
    batch_size: int = 64
    claim_ttl: timedelta = timedelta(minutes=5)
    """Longer than a delivery can take; after this time another worker may claim the email."""
    poll_interval: timedelta = timedelta(seconds=2)
    """How often an empty queue is polled; an email enqueued by this process is sent at once."""
    retry_delay_min: timedelta = timedelta(seconds=5)
    retry_delay_max: timedelta = timedelta(hours=1)
    reconnect_delay_max: timedelta = timedelta(seconds=10)


class MailSender:
    """Sends due emails. Each replica of a service runs one; an email is claimed before it is sent."""

    def __init__(
        self,
        queue: MailQueue,
        url: SmtpUrl,
        from_address: FromAddress,
        *,
        dkim: DkimSigner | None,
        return_path: ReturnPathSigner | None = None,
        clock: Clock,
        config: SenderConfig | None = None,
    ) -> None:
        self._queue = queue
        self._from_address = from_address
        self._dkim = dkim
        self._return_path = return_path
        self._clock = clock
        self._config = config or SenderConfig()
        self._clients = [SmtpClient(url) for _ in range(self._config.connections)]
        self._smtp_up = observe.gauge("candor_smtp_up", "0 after a failed use of the mail relay, else 1")
        self._smtp_up.set(True)  # up until an attempt fails
        self._attempts = observe.counter(
            "candor_mail_delivery_attempts_total", "Attempts to send an email, by status.", ("kind", "status")
        )

    async def run(self) -> None:
        """Send mail until cancelled."""
        failures = 0
        try:
            while True:
                self._queue.has_messages.clear()
                rows = await self._queue.list_due(self._config.batch_size)
                if not rows:
                    await self._wait_for_mail()
                elif await self._send_batch(rows):
                    failures = 0
                else:
                    failures += 1
                    await asyncio.sleep(
                        Backoff.from_durations(_RECONNECT_DELAY_MIN, self._config.reconnect_delay_max).delay_seconds(
                            failures
                        )
                    )
        finally:
            for client in self._clients:
                client.close()

    async def _wait_for_mail(self) -> None:
        """Wait for an email; close the SMTP sessions when none arrives."""
        try:
            async with asyncio.timeout(self._config.poll_interval.total_seconds()):
                await self._queue.has_messages.wait()
        except TimeoutError:
            for client in self._clients:
                await client.quit_session()

    async def _send_batch(self, rows: list[QueuedMailDocument]) -> bool:
        """Send *rows* over all connections; return whether the relay was available."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._send_on_connection(client, rows[first :: len(self._clients)]))
                for first, client in enumerate(self._clients)
            ]
        up = all(task.result() for task in tasks)
        self._smtp_up.set(up)
        return up

    async def _send_on_connection(self, client: SmtpClient, rows: list[QueuedMailDocument]) -> bool:
        """Send *rows* one after the other; False as soon as the relay is unavailable."""
        try:
            for row in rows:
                await self._process(client, row)
        except SmtpUnavailableError as fault:
            log.warning("mail.smtp_unavailable", fault=str(fault), code=fault.code)
            return False
        return True

    async def _process(self, client: SmtpClient, row: QueuedMailDocument) -> None:
        if self._clock() >= row.expires_at:
            await self._complete(row, DeliveryStatus.EXPIRED)
            return
        # Connect before the claim: an outage of the relay then neither claims emails nor delays them by a back-off.
        await client.open()
        claimed = await self._queue.claim(row, until=self._clock() + self._config.claim_ttl)
        if claimed is not None:
            await self._send_claimed(client, claimed)

    async def _send_claimed(self, client: SmtpClient, row: QueuedMailDocument) -> None:
        if not await self._queue.should_send(row):
            await self._complete(row, DeliveryStatus.SUPPRESSED)
            return
        try:
            email = await self._queue.open_message(row)
        except (KeyDestroyedError, DecryptionError) as fault:
            log.warning("mail.decryption_failed", mail_id=row.id, kind=row.kind, code=fault.code)
            await self._complete(row, DeliveryStatus.FAILED)
        else:
            await self._deliver(client, row, email)

    async def _deliver(self, client: SmtpClient, row: QueuedMailDocument, email: EmailMessage) -> None:
        raw = compose(email, self._from_address, mail_id=row.id, at=row.created_at, dkim=self._dkim)
        try:
            reply = await client.send(self._build_mail_from(row), email.to, raw)
        except SmtpUnavailableError as fault:
            await self._schedule_retry(row, fault.code)
            raise
        match reply.reply_class:
            case ReplyClass.POSITIVE_COMPLETION:
                await self._complete(row, DeliveryStatus.RELAYED, reply.code, reply.enhanced)
            case ReplyClass.PERMANENT_NEGATIVE:
                await self._complete(row, DeliveryStatus.FAILED, reply.code, reply.enhanced)
            case ReplyClass.TRANSIENT_NEGATIVE:
                await self._schedule_retry(row, reply.code, reply.enhanced)

    def _build_mail_from(self, row: QueuedMailDocument) -> str:
        """Return the envelope sender, to which reports about *row* come; the same for every attempt."""
        if self._return_path is None:
            return self._from_address.address.addr_spec
        return self._return_path.build_address(row.id, at=row.created_at)

    async def _schedule_retry(self, row: QueuedMailDocument, code: int, enhanced: str = "") -> None:
        delay = Backoff.from_durations(self._config.retry_delay_min, self._config.retry_delay_max).delay_for(
            row.attempts
        )
        await self._queue.schedule_retry(row, delay, code=code, enhanced_code=enhanced)
        self._attempts.labels(row.kind, DeliveryStatus.DEFERRED).inc()

    async def _complete(
        self, row: QueuedMailDocument, status: DeliveryStatus, code: int = 0, enhanced: str = ""
    ) -> None:
        await self._queue.complete(row, status, code=code, enhanced_code=enhanced)
        self._attempts.labels(row.kind, status).inc()
