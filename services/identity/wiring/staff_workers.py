"""What identity watches over by itself for as long as it runs: late requests, held erasures, unanswered wishes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from services.identity.service.privacy_requests.erasure_replay import ErasureReplayer
from services.identity.service.privacy_requests.erasures import ErasureSaga
from services.identity.service.privacy_requests.monitor import PrivacyRequestMonitor
from services.identity.service.staff.abuse_reports import AbuseReportService
from services.identity.service.staff.admin_actions import AdminActionService
from services.identity.wiring.wakeup import wait_or_poll
from shared.clock import Clock
from shared.mongo import Leases

Worker = Callable[[], Awaitable[None]]

METRICS_INTERVAL = timedelta(seconds=10)
RESUME_INTERVAL = timedelta(seconds=30)
REPLAY_INTERVAL = timedelta(hours=6)
"""A restore comes with a start, which replays at once; this is for one that did not."""
WORKER_LEASE_TTL = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffWorkers:
    """The work of oversight; what would be done twice is done by one replica at a time."""

    admin_action_service: AdminActionService
    abuse_report_service: AbuseReportService
    erasure_saga: ErasureSaga
    erasure_replayer: ErasureReplayer
    request_monitor: PrivacyRequestMonitor
    leases: Leases
    clock: Clock

    def build_workers(self) -> Mapping[str, Worker]:
        """Return the tasks by name."""
        alone = self.leases.run_exclusive
        return {
            "export-request-metrics": self.export_privacy_request_metrics,
            "send-lock-emails": lambda: alone("send-lock-emails", self.send_lock_emails, ttl=WORKER_LEASE_TTL),
            "resume-and-expire": lambda: alone("resume-and-expire", self.resume_and_expire, ttl=WORKER_LEASE_TTL),
            "replay-erasures": lambda: alone("replay-erasures", self.replay_erasures, ttl=WORKER_LEASE_TTL),
        }

    async def export_privacy_request_metrics(self) -> None:
        """Keep the metrics of the sagas up to date."""
        while True:
            await self.request_monitor.export_metrics(at=self.clock())
            await asyncio.sleep(METRICS_INTERVAL.total_seconds())

    async def send_lock_emails(self) -> None:
        """Write to those whose accounts are reported, then wait for the next."""
        while True:
            self.abuse_report_service.wake.clear()
            if not await self.abuse_report_service.send_lock_emails(at=self.clock()):
                await wait_or_poll(self.abuse_report_service.wake)

    async def resume_and_expire(self) -> None:
        """Go on with what is no longer held, remind of what is due, make old wishes void, forget old reports."""
        while True:
            await self.erasure_saga.resume(at=self.clock())
            await self.request_monitor.send_reminders(at=self.clock())
            await self.admin_action_service.expire_pending(at=self.clock())
            await self.abuse_report_service.delete_expired(at=self.clock())
            await asyncio.sleep(RESUME_INTERVAL.total_seconds())

    async def replay_erasures(self) -> None:
        """Erase again what a backup has brought back."""
        while True:
            await self.erasure_replayer.run(at=self.clock())
            await asyncio.sleep(REPLAY_INTERVAL.total_seconds())
