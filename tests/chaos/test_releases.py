"""Processes of the weekly job are killed -9 at random, two at a time: each week is published once, and charged once."""

import asyncio
import os
import random
import sys
from collections.abc import Callable

import pytest

from services.telemetry.domain import Calendar, Stream, Week
from services.telemetry.domain.releases import Release, release_due_at
from services.telemetry.service import ReleaseJob
from services.telemetry.store import DOCUMENTS
from shared.ids import new_id
from shared.mongo import abort_all_transactions, open_database
from tests.chaos.release_worker import draw
from tests.support.statistics.jobs import EPSILON, add_reports, build_job

pytestmark = pytest.mark.timeout(600)

FULL = "CANDOR_CHAOS" in os.environ
"""Set by `make chaos`; `make test` plays a short version."""
WEEKS, REPORTS, WORKERS = (12, 2_000, 2) if FULL else (2, 50, 2)
CALENDAR = Calendar()


def list_weeks(last: Week) -> list[Week]:
    """Return the weeks that are due, and whose reports have not expired: one after the other, each by itself."""
    return [CALENDAR.week_at(last.starts_at - place * last.length) for place in range(WEEKS)]


async def test_each_week_is_published_once_and_charged_once_whatever_is_killed(
    mongo_url: str, record_property: Callable[[str, object], None]
) -> None:
    choice, kills, seen = random.Random(20261130), 0, dict[str, Release]()
    async with open_database(mongo_url, new_id("chaos")) as database:
        await database.ensure_collections(DOCUMENTS)
        job = build_job(database, draw)
        for week in list_weeks(CALENDAR.parse("2026-W45")):
            await add_reports(job, REPORTS, week)
            kills += await kill_until_released(job, week, choice, mongo_url=mongo_url, database=database.name)
            release = await job.releases.get(week.name)
            assert release is not None
            seen[week.name] = release
        entries = await job.budget.list_by_year(Stream.SOFTWARE, 2026)
        assert len(entries) == WEEKS
        assert {entry.week: entry.release_id for entry in entries} == {
            name: release.release_id for name, release in seen.items()
        }
        spent = (await job.budget.get_year(Stream.SOFTWARE, 2026, limit_micros=0)).spent_micros
        assert spent == WEEKS * EPSILON
        for name, release in seen.items():
            assert await job.releases.get(name) == release  # no later process drew it again
            assert await job.reports.count_by_week(name) == 0
        record_property("weeks", WEEKS)
        record_property("kills", kills)


async def kill_until_released(
    job: ReleaseJob, week: Week, choice: random.Random, *, mongo_url: str, database: str
) -> int:
    """Start processes and kill them at random moments until one has released *week*; return the kills."""
    kills, patience = 0, 0.4
    while True:
        workers = [await start_worker(mongo_url, database, at=release_due_at(week).isoformat()) for _ in range(WORKERS)]
        await asyncio.sleep(patience + choice.random())
        for worker in workers:
            worker.kill()
            await worker.wait()
            kills += 1
        await abort_all_transactions(mongo_url)
        if await job.releases.get(week.name) is not None and await job.reports.count_by_week(week.name) == 0:
            return kills
        patience += 0.3  # on a busy machine a process needs a while until it begins


async def start_worker(mongo_url: str, database: str, *, at: str) -> asyncio.subprocess.Process:
    words = ("-m", "tests.chaos.release_worker", "--mongo", mongo_url, "--database", database, "--at", at)
    return await asyncio.create_subprocess_exec(sys.executable, *words)
