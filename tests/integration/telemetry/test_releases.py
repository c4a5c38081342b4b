"""The weekly job on a real database: counted, drawn once, charged once, and the raw reports are gone."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from services.telemetry.domain import SENSITIVITY, Calendar, Stream
from services.telemetry.domain.noise import NoiseScale
from services.telemetry.domain.releases import list_tables, release_due_at
from services.telemetry.errors import BudgetExceededError, NoiseUnavailableError, WeekReleasedError
from services.telemetry.service import ReleaseJob
from services.telemetry.store import DOCUMENTS, ReleaseDocument
from shared.mongo import Database
from tests.support.statistics.jobs import EPSILON, add_reports, build_job

CALENDAR = Calendar()
WEEK = CALENDAR.parse("2026-W45")
DUE = release_due_at(WEEK)


class Noise:
    """Adds one to each count, and remembers what it was given; *fault* is raised instead."""

    def __init__(self) -> None:
        self.draws: list[list[int]] = []
        self.fault: Exception | None = None
        self.barrier: asyncio.Barrier | None = None
        self.has_drawn = asyncio.Event()

    async def draw(self, counts: Sequence[int], noise: NoiseScale) -> tuple[int, ...]:
        assert noise == NoiseScale(epsilon_micros=EPSILON, sensitivity=SENSITIVITY, scale=14)
        self.draws.append(list(counts))
        self.has_drawn.set()
        if self.barrier is not None:
            await self.barrier.wait()
        if self.fault is not None:
            raise self.fault
        return tuple(count + len(self.draws) for count in counts)


@pytest.fixture
def noise() -> Noise:
    return Noise()


@pytest.fixture
async def job(database: Database, noise: Noise) -> ReleaseJob:
    """The job of a process; a year has the budget of three weeks."""
    await database.ensure_collections(DOCUMENTS)
    return build_job(database, noise.draw)


async def find_count(job: ReleaseJob, table: str, cell: str, program: str = "omnifocus") -> int:
    release = await job.releases.get(WEEK.name)
    assert release is not None
    [found] = [each for each in release.tables if (each.program, each.name) == (program, table)]
    return found.counts[cell]


async def test_b18_a_week_is_released_when_it_is_due_and_not_before(job: ReleaseJob) -> None:
    await add_reports(job, 12, WEEK)
    assert (await job.run_round(at=DUE - timedelta(seconds=1))).released == []
    assert (await job.run_round(at=DUE)).released == [WEEK.name]
    assert (await job.run_round(at=DUE + timedelta(hours=1))).released == []


async def test_every_cell_of_the_closed_lists_is_drawn_in_one_call_zeros_too(job: ReleaseJob, noise: Noise) -> None:
    await add_reports(job, 12, WEEK)
    await job.run_round(at=DUE)
    [counts] = noise.draws
    assert len(counts) == sum(len(table.cells) for table in list_tables(Stream.SOFTWARE))
    assert sorted(set(counts)) == [0, 12]
    assert counts.count(12) == SENSITIVITY
    assert await find_count(job, "system", "macos-26") == 13
    assert await find_count(job, "language", "ko") == 1
    assert await find_count(job, "syncs", "300 or more") == 13


async def test_the_raw_reports_are_gone_after_the_release_and_only_those_of_its_week(job: ReleaseJob) -> None:
    later = CALENDAR.parse("2026-W46")
    await add_reports(job, 12, WEEK)
    await add_reports(job, 3, later)
    await job.run_round(at=DUE)
    assert await job.reports.count_by_week(WEEK.name) == 0
    assert await job.reports.count_by_week(later.name) == 3
    assert await job.weeks.is_closed(WEEK)


async def test_a_week_without_reports_is_released_too_so_that_a_release_tells_nothing(job: ReleaseJob) -> None:
    await job.run_round(at=WEEK.starts_at + timedelta(days=3))  # the service runs in that week
    assert (await job.run_round(at=DUE)).released == [WEEK.name]


async def test_C15_a_release_has_its_entry_in_the_budget_ledger(job: ReleaseJob) -> None:
    await add_reports(job, 12, WEEK)
    await job.run_round(at=DUE)
    [entry] = await job.budget.list_by_year(Stream.SOFTWARE, 2026)
    assert (entry.week, entry.epsilon_micros, entry.scale) == (WEEK.name, EPSILON, 14)
    assert sum(charge.epsilon_micros for charge in entry.charges) == EPSILON
    assert [charge.table for charge in entry.charges] == [
        *("program", "version", "system", "language", "launches", "crashes", "syncs")
    ]
    assert (await job.budget.get_year(Stream.SOFTWARE, 2026, limit_micros=10**6)).spent_micros == EPSILON


async def test_c5_the_ledger_refuses_a_second_release_of_a_week(job: ReleaseJob) -> None:
    await add_reports(job, 12, WEEK)
    await job.release_week(WEEK, at=DUE)
    with pytest.raises(WeekReleasedError):
        await job.release_week(WEEK, at=DUE)
    assert (await job.budget.get_year(Stream.SOFTWARE, 2026, limit_micros=10**6)).spent_micros == EPSILON
    assert await find_count(job, "system", "macos-26") == 13


async def test_c5_a_budget_that_is_spent_refuses_before_anything_is_drawn(database: Database, noise: Noise) -> None:
    await database.ensure_collections(DOCUMENTS)
    job = build_job(database, noise.draw, yearly=EPSILON - 1)
    await add_reports(job, 12, WEEK)
    with pytest.raises(BudgetExceededError):
        await job.release_week(WEEK, at=DUE)
    assert noise.draws == []
    done = await job.run_round(at=DUE)
    assert done.failed == {"telemetry.budget.exceeded": 1}
    assert await job.reports.count_by_week(WEEK.name) == 12


async def test_without_noise_the_week_stays_open_and_is_released_later(job: ReleaseJob, noise: Noise) -> None:
    await add_reports(job, 12, WEEK)
    noise.fault = NoiseUnavailableError()
    assert (await job.run_round(at=DUE)).failed == {"telemetry.noise.unavailable": 1}
    assert await job.budget.list_by_year(Stream.SOFTWARE, 2026) == []
    assert await job.reports.count_by_week(WEEK.name) == 12
    noise.fault = None
    assert (await job.run_round(at=DUE + timedelta(hours=1))).released == [WEEK.name]


async def test_a_job_killed_after_the_draw_leaves_nothing_and_the_next_one_publishes_once(
    job: ReleaseJob, noise: Noise
) -> None:
    await add_reports(job, 12, WEEK)
    noise.barrier = asyncio.Barrier(2)  # the draw is done, and waits
    killed = asyncio.create_task(job.run_round(at=DUE))
    await noise.has_drawn.wait()
    killed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await killed
    assert await job.releases.get(WEEK.name) is None
    assert await job.budget.list_all() == []
    noise.barrier = None
    assert (await job.run_round(at=DUE)).released == [WEEK.name]
    assert len(await job.budget.list_all()) == 1


async def test_two_jobs_at_once_publish_one_draw_and_charge_once(database: Database, job: ReleaseJob) -> None:
    await add_reports(job, 12, WEEK)
    shared = Noise()
    shared.barrier = asyncio.Barrier(2)  # both have drawn before either commits
    rounds = await asyncio.gather(*(build_job(database, shared.draw).run_round(at=DUE) for _ in range(2)))
    assert len(shared.draws) == 2
    assert [name for each in rounds for name in each.released] == [WEEK.name]
    assert len(await job.budget.list_all()) == 1
    assert (await job.budget.get_year(Stream.SOFTWARE, 2026, limit_micros=10**6)).spent_micros == EPSILON


async def test_a_deletion_that_was_interrupted_is_resumed_and_counts_nothing_twice(
    database: Database, job: ReleaseJob
) -> None:
    await add_reports(job, 12, WEEK)
    await job.release_week(WEEK, at=DUE)
    await add_reports(job, 4, WEEK)  # as if the deletion had stopped early
    rows = database.get_collection(ReleaseDocument)
    await rows.update_one({"_id": WEEK.name}, {"$set": {"has_raw_reports": True}})
    assert (await job.run_round(at=DUE)).released == []
    assert await job.reports.count_by_week(WEEK.name) == 0
    assert await find_count(job, "system", "macos-26") == 13


async def test_b18_a_week_whose_reports_have_expired_is_lost_and_not_released_as_noise(job: ReleaseJob) -> None:
    await job.weeks.ensure_known(WEEK)
    done = await job.run_round(at=WEEK.closed_at + timedelta(days=14))
    assert (done.released, done.lost) == ([], 1)


async def test_the_demonstration_has_weeks_and_a_budget_of_its_own(job: ReleaseJob) -> None:
    week = Calendar(Stream.DEMO, timedelta(seconds=10)).week_at(datetime(2026, 11, 30, 12, tzinfo=UTC))
    await add_reports(job, 12, week, program="candor-demo")
    done = await job.run_round(at=week.closed_at + timedelta(seconds=15))
    assert done.released == [week.name]
    release = await job.releases.get(week.name)
    assert release is not None
    assert release.is_demonstration
    assert {table.program for table in release.tables} == {"candor-demo"}
    assert await job.budget.list_by_year(Stream.SOFTWARE, 2026) == []
    assert len(await job.budget.list_by_year(Stream.DEMO, 2026)) == 1
