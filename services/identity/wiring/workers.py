"""What identity does by itself for as long as it runs: collect exports, ask again, tidy up."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from services.identity.service.accounts.registration import RegistrationService
from services.identity.service.authentication.password_change import PasswordResetService
from services.identity.service.privacy_requests.erasures import ErasureSaga
from services.identity.service.privacy_requests.exports import ExportSaga
from services.identity.service.privacy_requests.scheduled_erasures import ScheduledErasureService
from services.identity.service.sessions.tokens import LocalTokenTrust
from services.identity.wiring.wakeup import POLL_INTERVAL, wait_or_poll
from shared.clock import Clock
from shared.ids import jitter
from shared.mongo import Leases

Worker = Callable[[], Awaitable[None]]

PURGE_INTERVAL = timedelta(seconds=30)
WORKER_LEASE_TTL = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityWorkers:
    """The work between the requests; one replica at a time does it, or everything would be asked twice."""

    trust: LocalTokenTrust
    registration_service: RegistrationService
    export_saga: ExportSaga
    erasure_saga: ErasureSaga
    scheduled_erasure_service: ScheduledErasureService
    password_reset_service: PasswordResetService
    leases: Leases
    clock: Clock

    def build_workers(self) -> Mapping[str, Worker]:
        """Return the tasks by name."""
        alone = self.leases.run_exclusive
        return {
            # Every replica: each has its own memory.
            "refresh-revoked-sessions": self.refresh_revoked_sessions,
            "collect-exports": lambda: alone("collect-exports", self.collect_exports, ttl=WORKER_LEASE_TTL),
            "send-password-resets": lambda: alone(
                "send-password-resets", self.send_password_resets, ttl=WORKER_LEASE_TTL
            ),
            "purge-expired": lambda: alone("purge-expired", self.purge_expired, ttl=WORKER_LEASE_TTL),
        }

    async def refresh_revoked_sessions(self) -> None:
        """Hear of sessions that other replicas have ended even while the broker is away."""
        while True:
            await self.trust.load_revocations(at=self.clock())
            await asyncio.sleep(POLL_INTERVAL.total_seconds())

    async def collect_exports(self) -> None:
        """Take the steps that are due, then wait for the next."""
        while True:
            self.export_saga.wake.clear()
            if not await self.export_saga.collect(at=self.clock()):
                await wait_or_poll(self.export_saga.wake)

    async def send_password_resets(self) -> None:
        """Write to those who have forgotten their password.

        At times of its own, never when a wish comes in: what it does for a known address would slow down the very next
        request, and so tell whoever sends one (I-14).
        """
        while True:
            await self.password_reset_service.send_pending(at=self.clock())
            await asyncio.sleep(jitter(POLL_INTERVAL.total_seconds()))

    async def purge_expired(self) -> None:
        """Begin planned erasures, ask silent services again; forget unproven addresses and old archives."""
        while True:
            await self.scheduled_erasure_service.start_due(at=self.clock())
            await self.erasure_saga.resend_pending(at=self.clock())
            await self.registration_service.delete_expired(at=self.clock())
            await self.export_saga.expire_archives(at=self.clock())
            await asyncio.sleep(PURGE_INTERVAL.total_seconds())
