"""Chapter 5: statistics only with permission, and published so that no person can be found in them."""

from datetime import UTC, datetime
from typing import Any

from tests.demo.story import expect, step
from tests.demo.world import World

INSTALLATIONS = 12


def _report(installation: str, version: int) -> dict[str, Any]:
    return {
        "installation": installation,
        "question_version": version,
        "program": "omnifocus",
        "version": "4.8",
        "os": "macos-26",
        "locale": "en",
        "counters": {"launches": 3},
    }


@step("A report without an opt-in is refused", "C03")
async def refused(world: World) -> str:
    question = await world.call("GET", "/v1/telemetry/question")
    world.notes["question"] = question["version"]
    body = _report("ins_00000000000000000000000000", question["version"])
    problem = await world.call("POST", "/v1/telemetry/reports", json_body=body, expected=403)
    expect(problem["code"] == "telemetry.opt_in.required", "the code telemetry.opt_in.required")
    return f"refused with {problem['code']}; question {question['version']} names all that is collected"


@step("Some people opt in and send a report; one changes her mind", "C03")
async def opted_in(world: World) -> str:
    version = world.notes["question"]
    made, report = {}, {}
    for _ in range(INSTALLATIONS):
        body = {"question_version": version}
        made = await world.call("POST", "/v1/telemetry/opt-ins", json_body=body, once=True, expected=201)
        report = _report(made["installation"], version)
        await world.call("POST", "/v1/telemetry/reports", json_body=report, once=True, expected=202)
    await world.call("DELETE", f"/v1/telemetry/opt-ins/{made['installation']}", expected=204)
    await world.call("POST", "/v1/telemetry/reports", json_body=report, once=True, expected=403)
    return f"{INSTALLATIONS} reports taken; the one that withdrew is refused at once"


@step("A public release of statistics appears", "C15")
async def release(world: World) -> str:
    week, earlier = f"{datetime.now(UTC):%G-W%V}", await _published(world)
    if week not in earlier:
        body = {"week": None}
        engineer = await world.staff_of("engineer")
        await world.call("POST", "/v1/telemetry/releases", by=engineer, json_body=body, once=True, expected=201)
    mine = (await _published(world))[week]
    expect(all(cell["count"] >= 5 for cell in mine["cells"]), "no cell below the minimum group")
    # A week is released once, or two releases could be subtracted: an earlier telling of this story has done it.
    when = "released before, once and for all" if week in earlier else "released now"
    return f"week {week}, {when}: {len(mine['cells'])} cells over n={mine['n']}, no group below 5"


async def _published(world: World) -> dict[str, Any]:
    public = await world.call("GET", "/v1/telemetry/statistics")
    return {release["week"]: release for release in public["releases"]}


STEPS = [refused, opted_in, release]
