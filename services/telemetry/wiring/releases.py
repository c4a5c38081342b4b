"""The weekly job as a background worker. One replica at a time runs it: two would draw twice, and publish once."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.telemetry.domain import Calendars, Stream
from services.telemetry.domain.budget import MICROS
from services.telemetry.errors import BudgetExceededError, NoiseUnavailableError
from services.telemetry.ports import NoiseProcess
from services.telemetry.service import ReleaseJob, ReleasePlan, ReleaseRound
from services.telemetry.settings import Settings
from services.telemetry.store import BudgetLedger, Releases, Reports, Weeks
from shared import observe
from shared.chassis import Chassis
from shared.clock import Clock
from shared.mongo import Leases

LEASE_TTL: Final = timedelta(seconds=15)
MAX_INTERVAL: Final = timedelta(minutes=1)
REASONS: Final = (BudgetExceededError.code, NoiseUnavailableError.code)

DEMO_YEARLY_MICROS: Final = 1_000_000 * MICROS
"""The demonstration has a budget of its own, which it does not use up: its reports are of simulated installations."""

log = observe.get_logger(__name__)
_open_weeks = observe.gauge(
    "candor_telemetry_unreleased_weeks", "Weeks that are due and could not be released.", ("reason",)
)
_lost_weeks = observe.gauge(
    "candor_telemetry_lost_weeks", "Weeks of the last 60 days whose raw reports expired without a release."
)
_released_weeks = observe.counter("candor_telemetry_released_weeks_total", "Weeks that were released.")


@dataclass(frozen=True, kw_only=True)
class ReleaseWorker:
    """Runs the job again and again while this process holds its lease."""

    leases: Leases
    clock: Clock
    job: ReleaseJob
    interval: timedelta

    def build_workers(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Return the worker by its name; the chassis runs it."""
        return {"release-weeks": lambda: self.leases.run_exclusive("release-weeks", self._repeat, ttl=LEASE_TTL)}

    async def _repeat(self) -> None:
        while True:
            _record(await self.job.run_round(at=self.clock()))
            await asyncio.sleep(self.interval.total_seconds())


def build_yearly_limits(settings: Settings) -> dict[Stream, int]:
    """Return the yearly budget of each stream."""
    return {Stream.SOFTWARE: settings.yearly_epsilon, Stream.DEMO: DEMO_YEARLY_MICROS}


def build_release_worker(chassis: Chassis, settings: Settings) -> ReleaseWorker:
    """Return the worker of the weekly job; weeks of seconds are looked at every fifth of one."""
    db = chassis.db
    job = ReleaseJob(
        reports=Reports(db),
        weeks=Weeks(db),
        releases=Releases(db),
        budget=BudgetLedger(db),
        calendars=Calendars.from_demo_week(settings.demo_week),
        plan=ReleasePlan(
            weekly_epsilon_micros=settings.weekly_epsilon,
            yearly_limit_micros=build_yearly_limits(settings),
            min_count=settings.min_count,
        ),
        draw=NoiseProcess(python=settings.noise_python or sys.executable).draw_noise,
        transact=db.with_transaction,
        new_id=chassis.new_id,
    )
    interval = MAX_INTERVAL if settings.demo_week is None else min(settings.demo_week / 5, MAX_INTERVAL)
    return ReleaseWorker(leases=chassis.leases, clock=chassis.clock, job=job, interval=interval)


def _record(done: ReleaseRound) -> None:
    for reason in REASONS:
        _open_weeks.labels(reason).set(done.failed[reason])
    _lost_weeks.set(done.lost)
    _released_weeks.inc(len(done.released))
    for week in done.released:
        log.info("statistics.week_released", week=week)
    for reason, weeks in done.failed.items():
        log.error("statistics.week_not_released", reason=reason, weeks=weeks)
    if done.lost:
        log.error("statistics.weeks_lost", weeks=done.lost)
