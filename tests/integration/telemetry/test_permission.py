"""Nothing is kept without a live yes, whatever races with its withdrawal (C03)."""

import asyncio
from datetime import timedelta

import pytest

from services.telemetry.domain import QUESTION
from services.telemetry.errors import NoOptInError, StaleQuestionError, UnknownQuestionError
from services.telemetry.promises import TelemetryProbes
from services.telemetry.service import Telemetry, Usage
from services.telemetry.store import OptIns, Releases, Reports
from shared.mongo import Database
from shared.policy import State
from tests.support import NOON, FixedClock, Planter

USAGE = Usage(program="omnifocus", version="4.8", os="web", locale="en", counters={"launches": 7})
STRANGER = f"ins_{'0' * 26}"


def probes_of(database: Database) -> TelemetryProbes:
    return TelemetryProbes(opt_ins=OptIns(database), reports=Reports(database), releases=Releases(database))


async def opted_in(telemetry: Telemetry, clock: FixedClock) -> str:
    return (await telemetry.opt_in(QUESTION.version, at=clock())).installation


async def report(telemetry: Telemetry, installation: str, clock: FixedClock, version: int = QUESTION.version) -> None:
    await telemetry.report(installation, version, USAGE, at=clock())


async def test_C03_a_report_without_a_yes_leaves_nothing(
    telemetry: Telemetry, clock: FixedClock, database: Database, planter: Planter
) -> None:
    with pytest.raises(NoOptInError):
        await report(telemetry, STRANGER, clock)
    assert await planter.raw(database, "reports") == []


async def test_C03_withdrawing_deletes_the_yes_and_what_is_not_yet_a_figure(
    telemetry: Telemetry, clock: FixedClock, database: Database, planter: Planter
) -> None:
    installation = await opted_in(telemetry, clock)
    await report(telemetry, installation, clock)
    await telemetry.withdraw(installation)
    await telemetry.withdraw(STRANGER)
    for collection in ("opt_ins", "reports"):
        assert await planter.raw(database, collection) == []
    with pytest.raises(NoOptInError):
        await report(telemetry, installation, clock)


async def test_C03_reports_that_race_with_a_withdrawal_never_outlive_it(
    telemetry: Telemetry, clock: FixedClock, database: Database
) -> None:
    installations = [await opted_in(telemetry, clock) for _ in range(10)]
    for installation in installations:
        racing = [report(telemetry, installation, clock) for _ in range(3)]
        await asyncio.gather(*racing, telemetry.withdraw(installation), return_exceptions=True)
    assert await Reports(database).weeks() == {}
    assert (await probes_of(database).permission()).state is State.KEPT


async def test_C03_a_yes_to_another_question_is_no_yes(telemetry: Telemetry, clock: FixedClock) -> None:
    with pytest.raises(UnknownQuestionError):
        await telemetry.opt_in(QUESTION.version + 1, at=clock())
    installation = await opted_in(telemetry, clock)
    with pytest.raises(StaleQuestionError):
        await report(telemetry, installation, clock, version=QUESTION.version + 1)


async def test_a_second_report_of_a_week_replaces_the_first_and_the_next_week_is_another(
    telemetry: Telemetry, clock: FixedClock, database: Database
) -> None:
    installation = await opted_in(telemetry, clock)
    for _ in range(2):
        await report(telemetry, installation, clock)
    clock.advance(timedelta(days=7))
    await report(telemetry, installation, clock)
    assert await Reports(database).weeks() == {"2027-W01": 1, "2027-W02": 1}


async def test_only_coarse_values_are_stored(
    telemetry: Telemetry, clock: FixedClock, database: Database, planter: Planter
) -> None:
    await report(telemetry, await opted_in(telemetry, clock), clock)
    [row] = await planter.raw(database, "reports")
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
    telemetry: Telemetry, database: Database, planter: Planter
) -> None:
    await planter.plant(database, "reports", REPORT)
    found = await probes_of(database).permission()
    assert (found.state, found.looked_at) == (State.BROKEN, 1)


async def test_C03_a_planted_report_from_before_the_yes_is_seen(
    telemetry: Telemetry, database: Database, planter: Planter
) -> None:
    yes = {"_id": STRANGER, "question_version": 1, "granted_at": NOON + timedelta(seconds=1), "reports": 1}
    await planter.plant(database, "opt_ins", yes)
    await planter.plant(database, "reports", REPORT)
    assert (await probes_of(database).permission()).state is State.BROKEN
