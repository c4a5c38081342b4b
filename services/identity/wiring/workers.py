"""The background workers of identity."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from services.identity.service.accounts.registration import RegistrationService
from services.identity.service.authentication.password_reset import PasswordResetService
from services.identity.service.privacy_requests.erasure_replay import ErasureReplayer
from services.identity.service.privacy_requests.erasures import ErasureSaga
from services.identity.service.privacy_requests.exports import ExportSaga
from services.identity.service.privacy_requests.monitor import PrivacyRequestMonitor
from services.identity.service.privacy_requests.scheduled_erasures import ScheduledErasureService
from services.identity.service.sessions.tokens import LocalTokenTrust
from services.identity.service.staff.abuse_reports import AbuseReportService
from services.identity.service.staff.admin_actions import AdminActionService
from services.identity.service.staff.announced_actions import AnnouncedActions
from services.identity.service.staff.questions import QuestionService
from services.identity.wiring.modules import Modules
from shared.chassis import Chassis
from shared.clock import Clock
from shared.ids import jitter
from shared.mongo import Leases

Worker = Callable[[], Awaitable[None]]

POLL_INTERVAL = timedelta(seconds=1)
"""How often work that other processes have queued is polled; this process wakes its workers itself."""
METRICS_INTERVAL = timedelta(seconds=10)
PURGE_INTERVAL = timedelta(seconds=30)
RESUME_INTERVAL = timedelta(seconds=30)
REPLAY_INTERVAL = timedelta(hours=6)
"""A restore restarts the service, and the replay runs at each start; the interval covers a restore that did not."""
WORKER_LEASE_TTL = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityWorkers:
    """Work that no request causes. A lease gives what must not be done twice to one replica at a time."""

    trust: LocalTokenTrust
    registration_service: RegistrationService
    password_reset_service: PasswordResetService
    export_saga: ExportSaga
    erasure_saga: ErasureSaga
    erasure_replayer: ErasureReplayer
    scheduled_erasure_service: ScheduledErasureService
    request_monitor: PrivacyRequestMonitor
    admin_action_service: AdminActionService
    announced_actions: AnnouncedActions
    abuse_report_service: AbuseReportService
    question_service: QuestionService
    leases: Leases
    clock: Clock

    def build_workers(self) -> Mapping[str, Worker]:
        """Return the workers by name; a lease has the name of its worker."""
        exclusive: dict[str, Worker] = {
            "collect-exports": self.collect_exports,
            "send-password-resets": self.send_password_resets,
            "purge-expired": self.purge_expired,
            "send-lock-emails": self.send_lock_emails,
            "resume-and-expire": self.resume_and_expire,
            "replay-erasures": self.replay_erasures,
        }
        return {
            # Every replica caches revocations and serves metrics of its own.
            "refresh-revoked-sessions": self.refresh_revoked_sessions,
            "export-request-metrics": self.export_privacy_request_metrics,
            **{name: self._with_lease(name, worker) for name, worker in exclusive.items()},
        }

    async def refresh_revoked_sessions(self) -> None:
        """Load the sessions that other replicas have revoked, so that a revocation acts without the broker, too."""
        while True:
            await self.trust.load_revocations(at=self.clock())
            await asyncio.sleep(POLL_INTERVAL.total_seconds())

    async def export_privacy_request_metrics(self) -> None:
        """Keep the gauges of the privacy requests current."""
        while True:
            await self.request_monitor.export_metrics(at=self.clock())
            await asyncio.sleep(METRICS_INTERVAL.total_seconds())

    async def collect_exports(self) -> None:
        """Take the steps of exports that are due."""
        while True:
            self.export_saga.wake.clear()
            if not await self.export_saga.collect(at=self.clock()):
                await _wait_or_poll(self.export_saga.wake)

    async def send_password_resets(self) -> None:
        """Send the links to set a forgotten password.

        On its own schedule, never woken by a request: the work for an address with an account would slow down the
        next request, and its timing would tell the sender that there is one (I-14).
        """
        while True:
            await self.password_reset_service.send_pending(at=self.clock())
            await asyncio.sleep(jitter(POLL_INTERVAL.total_seconds()))

    async def purge_expired(self) -> None:
        """Start scheduled erasures, resend requests without receipts, delete expired sign-ups and archives."""
        while True:
            await self.scheduled_erasure_service.start_due(at=self.clock())
            await self.erasure_saga.resend_pending(at=self.clock())
            await self.registration_service.delete_expired(at=self.clock())
            await self.export_saga.expire_archives(at=self.clock())
            await asyncio.sleep(PURGE_INTERVAL.total_seconds())

    async def send_lock_emails(self) -> None:
        """Send the links that lock a reported account."""
        while True:
            self.abuse_report_service.wake.clear()
            if not await self.abuse_report_service.send_lock_emails(at=self.clock()):
                await _wait_or_poll(self.abuse_report_service.wake)

    async def resume_and_expire(self) -> None:
        """Resume erasures after their hold, send reminders, expire or carry out admin actions, delete old reports."""
        while True:
            await self.erasure_saga.resume(at=self.clock())
            await self.request_monitor.send_reminders(at=self.clock())
            await self.admin_action_service.expire_pending(at=self.clock())
            await self.announced_actions.run_due(at=self.clock())
            await self.abuse_report_service.delete_expired(at=self.clock())
            await self.question_service.delete_expired(at=self.clock())
            await asyncio.sleep(RESUME_INTERVAL.total_seconds())

    async def replay_erasures(self) -> None:
        """Erase again what a restored backup has brought back."""
        while True:
            await self.erasure_replayer.run(at=self.clock())
            await asyncio.sleep(REPLAY_INTERVAL.total_seconds())

    def _with_lease(self, name: str, worker: Worker) -> Worker:
        return lambda: self.leases.run_exclusive(name, worker, ttl=WORKER_LEASE_TTL)


def build_workers(modules: Modules, chassis: Chassis) -> Mapping[str, Worker]:
    """Return the workers by name."""
    return IdentityWorkers(
        trust=modules.sessions.trust,
        registration_service=modules.accounts.registration_service,
        password_reset_service=modules.auth.password_reset_service,
        export_saga=modules.privacy.export_saga,
        erasure_saga=modules.privacy.erasure_saga,
        erasure_replayer=modules.privacy.erasure_replayer,
        scheduled_erasure_service=modules.privacy.scheduled_erasure_service,
        request_monitor=modules.privacy.monitor,
        admin_action_service=modules.staff.admin_action_service,
        announced_actions=modules.staff.announced_actions,
        abuse_report_service=modules.staff.abuse_report_service,
        question_service=modules.staff.question_service,
        leases=chassis.leases,
        clock=chassis.clock,
    ).build_workers()


async def _wait_or_poll(event: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(POLL_INTERVAL.total_seconds()):
            await event.wait()
    except TimeoutError:
        return
