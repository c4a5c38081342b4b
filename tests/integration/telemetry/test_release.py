"""Statistics: of a week that is over, once, about groups (C15)."""

from datetime import timedelta
from typing import Any

import pytest

from services.telemetry.domain import CURRENT_QUESTION
from services.telemetry.errors import ReleasableWeekNotFoundError, WeekAlreadyReleasedError
from services.telemetry.promises import TelemetryProbes
from services.telemetry.service import TelemetryService, UsageReport
from services.telemetry.store import OptIns, Releases, WeeklyReports
from shared.mongo import Database
from shared.policy import PromiseState
from tests.support import NOON, FixedClock, RawWriter

WEEK = timedelta(days=7)


async def reported(telemetry: TelemetryService, clock: FixedClock, count: int, *, os: str = "web") -> None:
    usage = UsageReport(program="omnifocus", version="4.8", os=os, locale="en", counters={"launches": 3})
    for _ in range(count):
        said_yes = await telemetry.create_opt_in(CURRENT_QUESTION.version, at=clock())
        await telemetry.submit_report(said_yes.installation, CURRENT_QUESTION.version, usage, at=clock())


async def test_C15_a_week_is_released_when_it_is_over_and_in_groups(
    telemetry: TelemetryService, clock: FixedClock
) -> None:
    await reported(telemetry, clock, 12)
    await reported(telemetry, clock, 1, os="windows-11")
    with pytest.raises(ReleasableWeekNotFoundError):
        await telemetry.publish_release("2027-W01", idempotency_key="one", at=clock())
    made = await telemetry.publish_release(None, idempotency_key="one", at=clock.advance(WEEK))
    assert (made.week, made.n) == ("2027-W01", 13)
    assert {cell.value for cell in made.cells if cell.dimension == "os"} == set()
    assert {cell.value for cell in made.cells if cell.dimension == "program"} == {"omnifocus"}
    assert await telemetry.list_releases() == [made]


async def test_C15_a_week_is_released_once(telemetry: TelemetryService, clock: FixedClock) -> None:
    await reported(telemetry, clock, 5)
    clock.advance(WEEK)
    await telemetry.publish_release("2027-W01", idempotency_key="one", at=clock())
    with pytest.raises(WeekAlreadyReleasedError):
        await telemetry.publish_release("2027-W01", idempotency_key="two", at=clock())
    with pytest.raises(ReleasableWeekNotFoundError):
        await telemetry.publish_release(None, idempotency_key="three", at=clock())


async def test_a_repetition_publishes_no_second_week(telemetry: TelemetryService, clock: FixedClock) -> None:
    await reported(telemetry, clock, 5)
    clock.advance(WEEK)
    await reported(telemetry, clock, 5)
    clock.advance(WEEK)
    tries = [await telemetry.publish_release(None, idempotency_key="one", at=clock()) for _ in range(2)]
    assert tries[0] == tries[1]
    assert (await telemetry.publish_release(None, idempotency_key="two", at=clock())).week == "2027-W02"


async def test_C15_a_week_with_few_reports_is_not_released_and_does_not_block_the_next(
    telemetry: TelemetryService, clock: FixedClock
) -> None:
    await reported(telemetry, clock, 4)
    clock.advance(WEEK)
    with pytest.raises(ReleasableWeekNotFoundError):
        await telemetry.publish_release("2027-W01", idempotency_key="one", at=clock())
    await reported(telemetry, clock, 5)
    clock.advance(WEEK)
    assert (await telemetry.publish_release(None, idempotency_key="two", at=clock())).week == "2027-W02"


def a_release(n: int, **counts: int) -> dict[str, Any]:
    cells = [{"dimension": "os", "value": value, "count": count} for value, count in counts.items()]
    return {
        "_id": "2027-W01",
        "release_id": "rel_1",
        "idempotency_key": "one",
        "n": n,
        "min_group_size": 5,
        "cells": cells,
        "published_at": NOON,
    }


@pytest.mark.parametrize(
    ("release", "state"),
    [
        (a_release(20, web=20), PromiseState.KEPT),
        (a_release(20, web=15), PromiseState.KEPT),
        (a_release(20, web=16), PromiseState.BROKEN),
        (a_release(20, web=16, other=4), PromiseState.BROKEN),
        (a_release(3), PromiseState.BROKEN),
    ],
    ids=["all", "a hidden group", "the rest too few", "a small figure", "few in all"],
)
async def test_C15_a_planted_figure_about_few_is_seen(
    telemetry: TelemetryService, database: Database, planter: RawWriter, release: dict[str, Any], state: PromiseState
) -> None:
    await planter.write_raw(database, "releases", release)
    probes = TelemetryProbes(opt_ins=OptIns(database), reports=WeeklyReports(database), releases=Releases(database))
    assert (await probes.groups_are_large_enough()).state is state
