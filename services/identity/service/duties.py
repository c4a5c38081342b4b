"""What identity watches over by itself for as long as it runs: late requests, held erasures, unanswered wishes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from services.identity.service.acts import ActDesk
from services.identity.service.erasures import ErasureSaga
from services.identity.service.replay import Replay
from services.identity.service.reports import ReportDesk
from services.identity.service.waking import woken
from services.identity.service.watchdog import Watchdog
from shared.clock import Clock
from shared.mongo import Leases

Work = Callable[[], Awaitable[None]]

WATCH = timedelta(seconds=10)
TIDY = timedelta(seconds=30)
REPLAY = timedelta(hours=6)
"""A restore comes with a start, which replays at once; this is for one that did not."""
LEASE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duties:
    """The work of oversight; what would be done twice is done by one replica at a time."""

    acts: ActDesk
    reports: ReportDesk
    erasures: ErasureSaga
    replay: Replay
    watchdog: Watchdog
    leases: Leases
    clock: Clock

    def all(self) -> Mapping[str, Work]:
        """Return the tasks by name."""
        alone = self.leases.alone
        return {
            "watch-requests": self.watch_requests,
            "send-lock-links": lambda: alone("send-lock-links", self.send_lock_links, ttl=LEASE),
            "oversee": lambda: alone("oversee", self.oversee, ttl=LEASE),
            "replay-erasures": lambda: alone("replay-erasures", self.replay_erasures, ttl=LEASE),
        }

    async def watch_requests(self) -> None:
        """Keep the metrics of the sagas up to date."""
        while True:
            await self.watchdog.measure(at=self.clock())
            await asyncio.sleep(WATCH.total_seconds())

    async def send_lock_links(self) -> None:
        """Write to those whose accounts are reported, then wait for the next."""
        while True:
            self.reports.wake.clear()
            if not await self.reports.send_links(at=self.clock()):
                await woken(self.reports.wake)

    async def oversee(self) -> None:
        """Go on with what is no longer held, remind of what is due, make old wishes void, forget old reports."""
        while True:
            await self.erasures.resume(at=self.clock())
            await self.watchdog.remind(at=self.clock())
            await self.acts.expire(at=self.clock())
            await self.reports.drop_old(at=self.clock())
            await asyncio.sleep(TIDY.total_seconds())

    async def replay_erasures(self) -> None:
        """Erase again what a backup has brought back."""
        while True:
            await self.replay.run(at=self.clock())
            await asyncio.sleep(REPLAY.total_seconds())
