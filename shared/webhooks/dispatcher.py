"""Sends due deliveries and retries them, with an end."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from yarl import URL

from shared import observe
from shared.clock import Clock
from shared.crypto import DecryptionError, KeyDestroyedError
from shared.ids import jitter
from shared.release import RELEASE
from shared.webhooks.documents import WebhookDeliveryDocument, WebhookDeliveryState, WebhookEndpointDocument
from shared.webhooks.signing import build_headers
from shared.webhooks.store import WebhookStore
from shared.webhooks.targets import PrivateAddressError, PublicResolver, TargetPolicy

log = observe.get_logger(__name__)

RETRY_DELAYS: Sequence[timedelta] = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""The schedule of the specification; after the last one the delivery fails and its endpoint is disabled."""
_MAX_ANSWER_BYTES = 4096
_GONE = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatcherConfig:
    """Concurrency, times and retries."""

    batch_size: int = 16
    attempt_timeout: timedelta = timedelta(seconds=15)
    claim_ttl: timedelta = timedelta(minutes=2)
    poll_interval: timedelta = timedelta(seconds=2)
    retry_delays: Sequence[timedelta] = RETRY_DELAYS


class WebhookDispatcher:
    """Sends deliveries. Each replica runs one; a delivery is claimed before it is sent."""

    def __init__(
        self, store: WebhookStore, targets: TargetPolicy, clock: Clock, config: DispatcherConfig | None = None
    ) -> None:
        self._store = store
        self._targets = targets
        self._clock = clock
        self._config = config or DispatcherConfig()
        self._wanted = asyncio.Event()
        self._attempts = observe.counter(
            "candor_webhook_delivery_attempts_total", "Attempts to deliver a webhook, by result.", ("result",)
        )

    def wake_up(self) -> None:
        """Look for due deliveries now: this process has stored some."""
        self._wanted.set()

    async def run(self) -> None:
        """Send deliveries until cancelled."""
        timeout = ClientTimeout(total=self._config.attempt_timeout.total_seconds())
        connector = TCPConnector(resolver=PublicResolver(self._targets), use_dns_cache=False)
        async with ClientSession(connector=connector, timeout=timeout, cookie_jar=DummyCookieJar()) as http:
            while True:
                self._wanted.clear()
                if not await self.send_due(http):
                    await self._wait()

    async def send_due(self, http: ClientSession) -> int:
        """Send what is due, one at a time to each endpoint; return how many were due."""
        due = await self._store.list_due(self._clock(), limit=self._config.batch_size)
        by_endpoint: dict[str, list[WebhookDeliveryDocument]] = {}
        for delivery in due:
            by_endpoint.setdefault(delivery.endpoint_id, []).append(delivery)
        async with asyncio.TaskGroup() as group:
            for endpoint_id, deliveries in by_endpoint.items():
                group.create_task(self._send_to_endpoint(http, endpoint_id, deliveries))
        return len(due)

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._config.poll_interval.total_seconds()):
                await self._wanted.wait()
        except TimeoutError:
            return

    async def _send_to_endpoint(
        self, http: ClientSession, endpoint_id: str, deliveries: list[WebhookDeliveryDocument]
    ) -> None:
        endpoint = await self._store.get_endpoint(endpoint_id)
        if endpoint is None or endpoint.disabled_reason:
            await self._store.fail_pending(endpoint_id, at=self._clock())
            return
        for delivery in deliveries:
            claimed = await self._store.claim(delivery, until=self._clock() + self._config.claim_ttl)
            if claimed is not None and not await self._deliver(http, endpoint, claimed):
                # The rest waits as well: a dead endpoint must not hold up the others.
                now = self._clock()
                await self._store.postpone_due(endpoint_id, now, until=now + self._config.retry_delays[0])
                return

    async def _deliver(
        self, http: ClientSession, endpoint: WebhookEndpointDocument, delivery: WebhookDeliveryDocument
    ) -> bool:
        """Make one attempt; return whether the endpoint took it."""
        status, fault = await self._post(http, endpoint, delivery)
        at = self._clock()
        if 200 <= status < 300:
            await self._store.record_attempt(delivery, WebhookDeliveryState.DELIVERED, status=status, fault="", at=at)
            self._attempts.labels("delivered").inc()
            return True
        self._attempts.labels("failed").inc()
        if status == _GONE or delivery.attempts > len(self._config.retry_delays):
            await self._store.record_attempt(delivery, WebhookDeliveryState.FAILED, status=status, fault=fault, at=at)
            await self._disable(endpoint, "gone" if status == _GONE else "retries_ended")
        else:
            delay = jitter(self._config.retry_delays[delivery.attempts - 1].total_seconds())
            await self._store.record_attempt(
                delivery,
                WebhookDeliveryState.PENDING,
                status=status,
                fault=fault,
                at=at,
                retry_after=timedelta(seconds=delay),
            )
        return False

    async def _disable(self, endpoint: WebhookEndpointDocument, reason: str) -> None:
        await self._store.set_disabled_reason(endpoint.id, reason)
        failed = await self._store.fail_pending(endpoint.id, at=self._clock())
        log.warning("webhook.endpoint_disabled", endpoint_id=endpoint.id, reason=reason, failed_count=failed)

    async def _post(
        self, http: ClientSession, endpoint: WebhookEndpointDocument, delivery: WebhookDeliveryDocument
    ) -> tuple[int, str]:
        """Return the status of the answer, or 0 and why there was none."""
        at = self._clock()
        try:
            secrets = await self._store.open_secrets(endpoint, at=at)
            headers = build_headers(delivery.event_id, delivery.payload, secrets, at=at)
            url = URL(endpoint.url)
            self._targets.check_host(url.host or "")
            # A redirect could lead into our network, and would resend the event to another host.
            async with http.post(
                url,
                data=delivery.payload,
                headers={**headers, "user-agent": f"Candor-Webhooks/{RELEASE}"},
                allow_redirects=False,
            ) as answer:
                await _read_little(answer)
                return answer.status, "" if answer.ok else "refused"
        except PrivateAddressError:
            return 0, "private_address"
        except TimeoutError:
            return 0, "timeout"
        except (ClientError, OSError, ValueError) as fault:
            inner = fault.__cause__
            return 0, "private_address" if isinstance(inner, PrivateAddressError) else type(fault).__name__
        except (KeyDestroyedError, DecryptionError):
            return 0, "secret_unreadable"


async def _read_little(answer: ClientResponse) -> None:
    """Read the start of an answer, so that a short one leaves the connection usable."""
    await answer.content.read(_MAX_ANSWER_BYTES)
