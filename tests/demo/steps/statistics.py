"""Chapter 5: statistics only with permission, and published so that no person can be found in them."""

from datetime import UTC, datetime, timedelta

from tests.demo.story import expect, step
from tests.demo.world import World


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


STEPS = [refused]
