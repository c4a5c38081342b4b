"""The public statistics over HTTP, from a report to its release in a running service that draws with OpenDP."""

import asyncio

import pytest

from tests.integration.telemetry.test_http import REPORTS, closed_token, demo_report
from tests.support.running import Running
from tests.support.statistics.mechanisms import PYTHON

STATISTICS = "/v1/telemetry/statistics"


@pytest.mark.skipif(not PYTHON.exists(), reason="OpenDP is not installed: make setup")
async def test_C15_a_report_of_a_closed_week_is_released_with_noise_and_an_entry_in_the_ledger(
    service: Running,
) -> None:
    drawn = await closed_token(service)
    assert (await service.call("POST", REPORTS, body={"reports": [demo_report(drawn)]})).status == 202
    async with asyncio.timeout(30):
        while (found := await service.call("GET", f"{STATISTICS}/{drawn.week}")).status == 404:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.2)
    release = found.body
    assert (release["stream"], release["is_demonstration"], release["privacy"]["scale"]) == ("demo", True, 14)
    assert "simulated installations" in release["note"]
    ledger = (await service.call("GET", "/v1/telemetry/budget-ledger?stream=demo")).body
    assert drawn.week in [entry["week"] for entry in ledger["entries"]]
    assert ledger["spent_micros"] == sum(entry["epsilon_micros"] for entry in ledger["entries"])
    late = await service.call("POST", REPORTS, body={"reports": [demo_report(drawn)]})
    assert late.body["fields"][0]["code"] in {"week_released", "week_too_old"}  # b19: counted by its reason


async def test_b15_a_week_in_other_digits_is_invalid_and_one_without_release_is_not_found(service: Running) -> None:
    digits = str.maketrans("0123456789", "".join(chr(0x660 + digit) for digit in range(10)))  # Arabic-Indic
    for week in ("2026-W45".translate(digits), "2026-W5", "latest"):
        refused = await service.call("GET", f"{STATISTICS}/{week}")
        assert (refused.status, refused.body["code"]) == (422, "telemetry.week.invalid")
        assert refused.body["fields"][0]["field"] == "week"
    missing = await service.call("GET", f"{STATISTICS}/2020-W01")
    assert (missing.status, missing.body["code"]) == (404, "telemetry.release.not_found")


async def test_the_ledger_of_a_year_without_a_release_is_empty_and_says_what_it_may_spend(service: Running) -> None:
    ledger = (await service.call("GET", "/v1/telemetry/budget-ledger?year=2020")).body
    assert (ledger["entries"], ledger["spent_micros"], ledger["epsilon_limit"]) == ([], 0, "26.5")


async def test_C08_usage_reports_are_for_engineers(service: Running) -> None:
    assert (await service.call("GET", "/v1/telemetry/usage-reports")).status == 401
