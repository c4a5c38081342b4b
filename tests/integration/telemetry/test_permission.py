"""Nothing is kept without a live yes, whatever races with its withdrawal (C03)."""

import asyncio
from datetime import timedelta

import pytest

from services.telemetry.domain import CURRENT_QUESTION
from services.telemetry.errors import InvalidQuestionVersionError, OptInRequiredError, QuestionOutdatedError
from services.telemetry.promises import TelemetryProbes
from services.telemetry.service import TelemetryService, UsageReport
from services.telemetry.store import OptIns, Releases, WeeklyReports
from shared.mongo import Database
from shared.policy import PromiseState
from tests.support import NOON, FixedClock, RawWriter

USAGE = UsageReport(program="omnifocus", version="4.8", os="web", locale="en", counters={"launches": 7})
STRANGER = f"ins_{'0' * 26}"


def probes_of(database: Database) -> TelemetryProbes:
    return TelemetryProbes(opt_ins=OptIns(database), reports=WeeklyReports(database), releases=Releases(database))


async def opted_in(telemetry: TelemetryService, clock: FixedClock) -> str:
    return (await telemetry.create_opt_in(CURRENT_QUESTION.version, at=clock())).installation


async def report(
    telemetry: TelemetryService, installation: str, clock: FixedClock, version: int = CURRENT_QUESTION.version
) -> None:
    await telemetry.submit_report(installation, version, USAGE, at=clock())


async def test_C03_a_report_without_a_yes_leaves_nothing(
    telemetry: TelemetryService, clock: FixedClock, database: Database, planter: RawWriter
) -> None:
    with pytest.raises(OptInRequiredError):
        await report(telemetry, STRANGER, clock)
    assert await planter.read_raw(database, "reports") == []


async def test_C03_withdrawing_deletes_the_yes_and_what_is_not_yet_a_figure(
    telemetry: TelemetryService, clock: FixedClock, database: Database, planter: RawWriter
) -> None:
    installation = await opted_in(telemetry, clock)
    await report(telemetry, installation, clock)
    await telemetry.delete_opt_in(installation)
    await telemetry.delete_opt_in(STRANGER)
    for collection in ("opt_ins", "reports"):
        assert await planter.read_raw(database, collection) == []
    with pytest.raises(OptInRequiredError):
        await report(telemetry, installation, clock)


async def test_C03_reports_that_race_with_a_withdrawal_never_outlive_it(
    telemetry: TelemetryService, clock: FixedClock, database: Database
) -> None:
    installations = [await opted_in(telemetry, clock) for _ in range(10)]
    for installation in installations:
        racing = [report(telemetry, installation, clock) for _ in range(3)]
        await asyncio.gather(*racing, telemetry.delete_opt_in(installation), return_exceptions=True)
    assert await WeeklyReports(database).count_by_week() == {}
    assert (await probes_of(database).opt_in_covers_report()).state is PromiseState.KEPT


async def test_C03_a_yes_to_another_question_is_no_yes(telemetry: TelemetryService, clock: FixedClock) -> None:
    with pytest.raises(InvalidQuestionVersionError):
        await telemetry.create_opt_in(CURRENT_QUESTION.version + 1, at=clock())
    installation = await opted_in(telemetry, clock)
    with pytest.raises(QuestionOutdatedError):
        await report(telemetry, installation, clock, version=CURRENT_QUESTION.version + 1)


async def test_a_second_report_of_a_week_replaces_the_first_and_the_next_week_is_another(
    telemetry: TelemetryService, clock: FixedClock, database: Database
) -> None:
    installation = await opted_in(telemetry, clock)
    for _ in range(2):
        await report(telemetry, installation, clock)
    clock.advance(timedelta(days=7))
    await report(telemetry, installation, clock)
    assert await WeeklyReports(database).count_by_week() == {"2027-W01": 1, "2027-W02": 1}


async def test_only_coarse_values_are_stored(
    telemetry: TelemetryService, clock: FixedClock, database: Database, planter: RawWriter
) -> None:
    await report(telemetry, await opted_in(telemetry, clock), clock)
    [row] = await planter.read_raw(database, "reports")
    assert row["counters"] == {"launches": 3}


REPORT = {
    "_id": f"{STRANGER}:2027-W01",
    "installation": STRANGER,
    "week": "2027-W01",
    "program": "omnifocus",
    "version": "4.8",
    "os": "web",
    "locale": "en",
    "counters": {},
    "received_at": NOON,
}


async def test_C03_a_planted_report_without_a_yes_is_seen(
    telemetry: TelemetryService, database: Database, planter: RawWriter
) -> None:
    await planter.write_raw(database, "reports", REPORT)
    found = await probes_of(database).opt_in_covers_report()
    assert (found.state, found.sample_size) == (PromiseState.BROKEN, 1)


async def test_C03_a_planted_report_from_before_the_yes_is_seen(
    telemetry: TelemetryService, database: Database, planter: RawWriter
) -> None:
    yes = {"_id": STRANGER, "question_version": 1, "granted_at": NOON + timedelta(seconds=1), "reports": 1}
    await planter.write_raw(database, "opt_ins", yes)
    await planter.write_raw(database, "reports", REPORT)
    assert (await probes_of(database).opt_in_covers_report()).state is PromiseState.BROKEN
