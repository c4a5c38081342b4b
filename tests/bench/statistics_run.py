"""Releases a week of many reports and prints seconds and peak memory: ``python -m tests.bench.statistics_run``.

A process of its own, so that its peak memory is that of the job and not of what was measured before.
"""

import asyncio
import json
import resource
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from random import Random
from typing import Any

import uvloop

from services.telemetry.domain import SCHEMAS, Bucket, Calendar, Locale, OperatingSystem, Stream, Week, programs_of
from services.telemetry.domain.releases import release_due_at
from services.telemetry.ports import NoiseProcess
from services.telemetry.store import DOCUMENTS, ReportDocument
from shared.clock import monotonic
from shared.mongo import open_database
from tests.bench.parts import dropped
from tests.support.statistics.jobs import build_job
from tests.support.statistics.mechanisms import PYTHON

AT_ONCE = 2_000


def make_reports(week: Week, count: int) -> Iterator[ReportDocument]:
    """Yield reports of all programs, spread over the closed lists."""
    choice = Random(1)
    programs, systems, locales = programs_of(Stream.SOFTWARE), tuple(OperatingSystem), tuple(Locale)
    buckets = [bucket.value for bucket in Bucket]
    for index in range(count):
        schema = SCHEMAS[choice.choice(programs)]
        yield ReportDocument(
            id=f"{week.name}:{index:043}",
            stream=week.stream,
            question_version=2,
            week=week.name,
            token=bytes(64),
            program=schema.program,
            version=choice.choice(schema.versions),
            os=choice.choice(systems),
            locale=choice.choice(locales),
            counters={feature.value: choice.choice(buckets) for feature in schema.features},
            week_closed_at=week.closed_at,
        )


def peak_mib() -> float:
    """Return the peak memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def main(wanted: Namespace) -> dict[str, Any]:
    """Store the reports, then release their week."""
    week = Calendar().parse("2026-W45")
    due: datetime = release_due_at(week)
    async with dropped(wanted.mongo) as name, open_database(wanted.mongo, name) as database:
        await database.ensure_collections(DOCUMENTS)
        job = build_job(database, NoiseProcess(python=str(PYTHON)).draw_noise)
        await job.weeks.ensure_known(week)
        rows, made = database.get_collection(ReportDocument), make_reports(week, wanted.count)
        while portion := list(islice(made, AT_ONCE)):
            await rows.insert_many(portion)
        before, began = peak_mib(), monotonic()
        done = await job.run_round(at=due)
        seconds = monotonic() - began
        assert done.released == [week.name]
        left = await job.reports.count_by_week(week.name)
        await asyncio.sleep(0)
    return {"seconds": seconds, "before_mib": before, "peak_mib": peak_mib(), "left": left}


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m tests.bench.statistics_run", description=__doc__)
    parser.add_argument("--mongo", required=True)
    parser.add_argument("--count", type=int, required=True)
    print(json.dumps(uvloop.run(main(parser.parse_args()))))
