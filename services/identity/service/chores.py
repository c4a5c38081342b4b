"""What identity does by itself for as long as it runs: collect exports, ask again, tidy up."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from services.identity.service.accounts import SignUpDesk
from services.identity.service.erasures import ErasureSaga
from services.identity.service.exports import ExportSaga
from services.identity.service.farewells import FarewellDesk
from services.identity.service.password_changes import ResetDesk
from services.identity.service.tokens import OwnTrust
from services.identity.service.waking import LOOK, woken
from shared.clock import Clock
from shared.ids import jitter
from shared.mongo import Leases

Work = Callable[[], Awaitable[None]]

TIDY = timedelta(seconds=30)
LEASE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chores:
    """The work between the requests; one replica at a time does it, or everything would be asked twice."""

    trust: OwnTrust
    desk: SignUpDesk
    exports: ExportSaga
    erasures: ErasureSaga
    farewells: FarewellDesk
    resets: ResetDesk
    leases: Leases
    clock: Clock

    def all(self) -> Mapping[str, Work]:
        """Return the tasks by name."""
        alone = self.leases.alone
        return {
            # Every replica: each has its own memory.
            "watch-ended-sessions": self.watch_ended_sessions,
            "collect-exports": lambda: alone("collect-exports", self.collect_exports, ttl=LEASE),
            "answer-resets": lambda: alone("answer-resets", self.answer_resets, ttl=LEASE),
            "tidy": lambda: alone("tidy", self.tidy, ttl=LEASE),
        }

    async def watch_ended_sessions(self) -> None:
        """Hear of sessions that other replicas have ended even while the broker is away."""
        while True:
            await self.trust.refresh(at=self.clock())
            await asyncio.sleep(LOOK.total_seconds())

    async def collect_exports(self) -> None:
        """Take the steps that are due, then wait for the next."""
        while True:
            self.exports.wake.clear()
            if not await self.exports.collect(at=self.clock()):
                await woken(self.exports.wake)

    async def answer_resets(self) -> None:
        """Write to those who have forgotten their password.

        At times of its own, never when a wish comes in: what it does for a known address would slow down the very next
        request, and so tell whoever sends one (I-14).
        """
        while True:
            await self.resets.answer(at=self.clock())
            await asyncio.sleep(jitter(LOOK.total_seconds()))

    async def tidy(self) -> None:
        """Begin planned erasures, ask silent services again; forget unproven addresses and old archives."""
        while True:
            await self.farewells.begin_due(at=self.clock())
            await self.erasures.ask_again(at=self.clock())
            await self.desk.drop_expired(at=self.clock())
            await self.exports.expire(at=self.clock())
            await asyncio.sleep(TIDY.total_seconds())
