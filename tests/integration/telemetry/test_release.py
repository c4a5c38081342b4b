"""Statistics: of a week that is over, once, about groups (C15)."""

from datetime import timedelta
from typing import Any

import pytest

from services.telemetry.domain import QUESTION
from services.telemetry.errors import AlreadyReleasedError, NothingToReleaseError
from services.telemetry.promises import TelemetryProbes
from services.telemetry.service import Telemetry, Usage
from services.telemetry.store import OptIns, Releases, Reports
from shared.mongo import Database
from shared.policy import State
from tests.support import NOON, FixedClock, Planter

WEEK = timedelta(days=7)


async def reported(telemetry: Telemetry, clock: FixedClock, count: int, *, os: str = "web") -> None:
    usage = Usage(program="omnifocus", version="4.8", os=os, locale="en", counters={"launches": 3})
    for _ in range(count):
        said_yes = await telemetry.opt_in(QUESTION.version, at=clock())
        await telemetry.report(said_yes.installation, QUESTION.version, usage, at=clock())


async def test_C15_a_week_is_released_when_it_is_over_and_in_groups(telemetry: Telemetry, clock: FixedClock) -> None:
    await reported(telemetry, clock, 12)
    await reported(telemetry, clock, 1, os="windows-11")
    with pytest.raises(NothingToReleaseError):
        await telemetry.release("2027-W01", operation="one", at=clock())
    made = await telemetry.release(None, operation="one", at=clock.advance(WEEK))
    assert (made.week, made.n) == ("2027-W01", 13)
    assert {cell.value for cell in made.cells if cell.dimension == "os"} == set()
    assert {cell.value for cell in made.cells if cell.dimension == "program"} == {"omnifocus"}
    assert await telemetry.statistics() == [made]


async def test_C15_a_week_is_released_once(telemetry: Telemetry, clock: FixedClock) -> None:
    await reported(telemetry, clock, 5)
    clock.advance(WEEK)
    await telemetry.release("2027-W01", operation="one", at=clock())
    with pytest.raises(AlreadyReleasedError):
        await telemetry.release("2027-W01", operation="two", at=clock())
    with pytest.raises(NothingToReleaseError):
        await telemetry.release(None, operation="three", at=clock())


async def test_a_repetition_publishes_no_second_week(telemetry: Telemetry, clock: FixedClock) -> None:
    await reported(telemetry, clock, 5)
    clock.advance(WEEK)
    await reported(telemetry, clock, 5)
    clock.advance(WEEK)
    tries = [await telemetry.release(None, operation="one", at=clock()) for _ in range(2)]
    assert tries[0] == tries[1]
    assert (await telemetry.release(None, operation="two", at=clock())).week == "2027-W02"


async def test_C15_a_week_with_few_reports_is_not_released_and_does_not_block_the_next(
    telemetry: Telemetry, clock: FixedClock
) -> None:
    await reported(telemetry, clock, 4)
    clock.advance(WEEK)
    with pytest.raises(NothingToReleaseError):
        await telemetry.release("2027-W01", operation="one", at=clock())
    await reported(telemetry, clock, 5)
    clock.advance(WEEK)
    assert (await telemetry.release(None, operation="two", at=clock())).week == "2027-W02"


def a_release(n: int, **counts: int) -> dict[str, Any]:
    cells = [{"dimension": "os", "value": value, "count": count} for value, count in counts.items()]
    return {
        "_id": "2027-W01",
        "release_id": "rel_1",
        "operation": "one",
        "n": n,
        "minimum_group": 5,
        "cells": cells,
        "published_at": NOON,
    }


@pytest.mark.parametrize(
    ("release", "state"),
    [
        (a_release(20, web=20), State.KEPT),
        (a_release(20, web=15), State.KEPT),
        (a_release(20, web=16), State.BROKEN),
        (a_release(20, web=16, other=4), State.BROKEN),
        (a_release(3), State.BROKEN),
    ],
    ids=["all", "a hidden group", "the rest too few", "a small figure", "few in all"],
)
async def test_C15_a_planted_figure_about_few_is_seen(
    telemetry: Telemetry, database: Database, planter: Planter, release: dict[str, Any], state: State
) -> None:
    await planter.plant(database, "releases", release)
    probes = TelemetryProbes(opt_ins=OptIns(database), reports=Reports(database), releases=Releases(database))
    assert (await probes.groups()).state is state
