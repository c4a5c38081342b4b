"""The weekly job: counts the reports of a closed week, draws the noise once, releases, and deletes the raw reports."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeVar

from services.telemetry.domain import SENSITIVITY, Calendar, Calendars, Stream, UsageReport, Week
from services.telemetry.domain.budget import BudgetEntry, split_epsilon
from services.telemetry.domain.noise import DrawNoise, NoiseScale
from services.telemetry.domain.releases import (
    CellTally,
    Release,
    assemble_tables,
    digest_lists,
    list_tables,
    list_true_counts,
    release_due_at,
)
from services.telemetry.errors.statistics import BudgetExceededError, NoiseUnavailableError, WeekReleasedError
from services.telemetry.store.budget import BudgetLedger
from services.telemetry.store.releases import Releases
from services.telemetry.store.reports import RAW_REPORT_RETENTION, Reports
from services.telemetry.store.weeks import Weeks
from shared.ids import NewId

T = TypeVar("T")
Transact = Callable[[Callable[[], Awaitable[T]]], Awaitable[T]]
_BATCH_SIZE: Final = 2_000
_REMEMBERED: Final = timedelta(days=60)
"""How far back the job looks for weeks without a release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePlan:
    """What a release may cost, and below which figure it hides."""

    weekly_epsilon_micros: int
    yearly_limit_micros: Mapping[Stream, int]
    min_count: int

    def choose_noise(self) -> NoiseScale:
        """Return the noise of a week."""
        return NoiseScale.from_epsilon(epsilon_micros=self.weekly_epsilon_micros, sensitivity=SENSITIVITY)


@dataclass(slots=True)
class ReleaseRound:
    """What one round of the job did, and what it left."""

    released: list[str] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    """The weeks that stay open, by the code of the reason."""
    lost: int = 0
    """Recent weeks whose raw reports have expired without a release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseJob:
    """Releases the weeks that are due. One process at a time runs it, under a lease; two would still release once."""

    reports: Reports
    weeks: Weeks
    releases: Releases
    budget: BudgetLedger
    calendars: Calendars
    plan: ReleasePlan
    draw: DrawNoise
    transact: Transact[None]
    new_id: NewId

    async def run_round(self, *, at: datetime) -> ReleaseRound:
        """Release every week that is due; a week that fails stays open, and the others are released."""
        await self._note_running_week(at)
        await self._delete_released_reports()
        done = ReleaseRound()
        for week in await self._list_unreleased(at):
            if at >= week.closed_at + RAW_REPORT_RETENTION:
                done.lost += 1
                continue
            try:
                await self.release_week(week, at=at)
            except (BudgetExceededError, NoiseUnavailableError) as fault:
                done.failed[fault.code] += 1
            except WeekReleasedError:
                continue  # another process was faster; its draw is the one that counts
            else:
                done.released.append(week.name)
        return done

    async def release_week(self, week: Week, *, at: datetime) -> Release:
        """Release *week*: the draw, its entry in the budget ledger and the release are one transaction.

        A crash before the commit leaves nothing, so nothing is published twice. Raises BudgetExceededError before
        anything is drawn, NoiseUnavailableError, WeekReleasedError.
        """
        limit = self.plan.yearly_limit_micros[week.stream]
        noise = self.plan.choose_noise()
        await self.budget.ensure_year(week.stream, week.year)
        budget = await self.budget.get_year(week.stream, week.year, limit_micros=limit)
        budget.check_covers(noise.epsilon_micros)
        await self.weeks.close(week)
        release = await self._draw(week, noise, at)

        async def publish() -> None:
            if not await self.releases.add(release):
                raise WeekReleasedError
            await self.budget.record_charge(_build_entry(release), limit_micros=limit)

        await self.transact(publish)
        await self._delete_reports(week.name)
        return release

    async def _draw(self, week: Week, noise: NoiseScale, at: datetime) -> Release:
        tables = list_tables(week.stream)
        tally = await self._count_reports(week)
        noised = await self.draw(list_true_counts(tables, tally.count_cells()), noise)
        return Release(
            release_id=self.new_id("rel"),
            stream=week.stream,
            week=week.name,
            year=week.year,
            week_closed_at=week.closed_at,
            noise=noise,
            min_count=self.plan.min_count,
            closed_lists=digest_lists(tables),
            tables=assemble_tables(tables, noised),
            published_at=at,
        )

    async def _count_reports(self, week: Week) -> CellTally:
        tally = CellTally()
        async for batch in self.reports.iter_raw_by_week(week.name, batch_size=_BATCH_SIZE):
            for row in batch:
                tally.add(
                    UsageReport(
                        program=row["program"],
                        version=row["version"],
                        os=row["os"],
                        locale=row["locale"],
                        counters=row["counters"],
                    )
                )
        return tally

    async def _note_running_week(self, at: datetime) -> None:
        """Record that this week exists, so that it is released even if no report comes.

        A week without a release would tell that it had no report. The demonstration releases only weeks with reports.
        """
        calendar = self.calendars.get(Stream.SOFTWARE)
        if calendar is not None:
            await self.weeks.ensure_known(calendar.week_at(at))

    async def _list_unreleased(self, at: datetime) -> list[Week]:
        found = []
        for stream, calendar in self.calendars.by_stream.items():
            names = await self.weeks.list_names(stream, closed_since=at - _REMEMBERED)
            released = await self.releases.list_released(names)
            found += [
                week for name in names if name not in released if (week := _find_week(calendar, name)) is not None
            ]
        return sorted(week for week in found if release_due_at(week) <= at)

    async def _delete_released_reports(self) -> None:
        for week in await self.releases.list_weeks_with_raw_reports():
            await self._delete_reports(week)

    async def _delete_reports(self, week: str) -> None:
        # Not in the transaction of the release: it may be a million documents. A crash in between is resumed here.
        await self.reports.delete_by_week(week)
        await self.releases.mark_raw_reports_deleted(week)


def _find_week(calendar: Calendar, name: str) -> Week | None:
    """Return the week called *name*; None for one of a demonstration with other weeks."""
    try:
        return calendar.parse(name)
    except ValueError:
        return None


def _build_entry(release: Release) -> BudgetEntry:
    names = tuple(dict.fromkeys(table.name for table in release.tables))
    return BudgetEntry(
        release_id=release.release_id,
        stream=release.stream,
        week=release.week,
        year=release.year,
        epsilon_micros=release.noise.epsilon_micros,
        sensitivity=release.noise.sensitivity,
        scale=release.noise.scale,
        charges=split_epsilon(release.noise.epsilon_micros, names),
        recorded_at=release.published_at,
    )
