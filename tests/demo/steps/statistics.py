"""Chapter 5: statistics only with permission, and published so that no person can be found in them."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.demo.installations import Crowd, build_crowd
from tests.demo.story import expect, step
from tests.demo.world import World
from tests.support.memory import memory_folder

INSTALLATIONS = 2_000
"""``world.notes["installations"]`` sets another number."""
COLD_SECONDS = 60.0
"""A release is made one and a half weeks after its week; on a busy machine the job starts late."""


@step("A report without an opt-in is refused", "C03")
async def refused(world: World) -> str:
    question = await world.call("GET", "/v1/telemetry/question")
    report = {
        "question_version": question["version"],
        "week": f"{datetime.now(UTC) - timedelta(days=7):%G-W%V}",
        "number": "A" * 43,
        "token": "A" * 86,
        "program": "omnifocus",
        "version": "4.8",
        "os": "macos-26",
        "locale": "en",
        "counters": {"launches": "3 to 9", "crashes": "0", "syncs": "0"},
    }
    problem = await world.call("POST", "/v1/telemetry/reports", json_body={"reports": [report]}, expected=422)
    expect(problem["fields"][0]["code"] == "token_invalid", "the reason token_invalid")
    return f"refused with token_invalid; question {question['version']} names all that is collected"


@step("A crowd of installations says yes or no, and reports its week", "C03")
async def report(world: World) -> str:
    keys = await world.call("GET", "/v1/telemetry/keys")
    week = next(str(key["week"]) for key in keys["keys"] if key["stream"] == "demo")
    count = int(world.notes.get("installations", INSTALLATIONS))
    with memory_folder("demo", world.folder / "installations") as folder:
        crowd = build_crowd(count, folder=folder, server=world.base_url, running_week=week)
        await crowd.draw_tokens()
        await crowd.count()
        await crowd.send()
        files = {name for each in crowd.installations if not each.says_yes for name in each.list_files()}
    world.notes["crowd"] = crowd
    expect(files <= {"answer.json", "sending.lock"}, "nothing but the answer on a device that said no")
    expect(crowd.reports >= 0.75 * crowd.yes_count, f"reports of {crowd.yes_count} installations, not {crowd.reports}")
    no_count = len(crowd.installations) - crowd.yes_count
    return f"{crowd.reports} reports of {crowd.yes_count} that said yes, 0 bytes of {no_count} that said no"


@step("Their week is released with noise, from a budget of its own", "C08", "C15")
async def release(world: World) -> str:
    crowd: Crowd = world.notes["crowd"]
    found = await _wait_for_release(world, crowd.week, patience=2 * crowd.seconds + COLD_SECONDS)
    expect(found["is_demonstration"] is True, "a release that is marked as a demonstration")
    if found["total"] is None:
        expect(crowd.reports < 4 * found["min_count"], f"a total of {crowd.reports} reports")
        return f"week {found['week']}: {crowd.reports} reports are too few for a total"
    difference = abs(found["total"] - crowd.reports)
    expect(difference <= 4 * found["total_margin"], f"about {crowd.reports} reports, not {found['total']}")
    return (
        f"week {found['week']}: about {found['total']} reports, {crowd.reports} in truth; epsilon "
        f"{found['privacy']['epsilon']}, noise of scale {found['privacy']['scale']} on every figure"
    )


async def _wait_for_release(world: World, week: str, *, patience: float) -> Any:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        newest = await world.call("GET", "/v1/telemetry/statistics?stream=demo&limit=10")
        for each in newest["releases"]:
            if each["week"] == week:
                return each
        await asyncio.sleep(0.5)
    raise TimeoutError(f"week {week} was not released within {patience:.0f} s")


STEPS = [refused, report, release]
