"""Reports: stored once, for closed weeks only, with a token of a live yes, and gone in time (C03)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.telemetry.domain import QUESTION, Calendar, Program, RefusalReason, Token, UsageReport, encode_bytes
from services.telemetry.errors import InvalidReportError, ReportsRefusedError, TokenNotVerifiedError
from services.telemetry.ports import TokenKeys
from services.telemetry.promises import TelemetryProbes
from services.telemetry.service import ReportService, TokenIssuer
from services.telemetry.store import DOCUMENTS, Reports, Weeks
from shared.ids import new_id, random_bytes
from shared.mongo import Database
from shared.mongo.retention import RetentionSweeper
from shared.policy import PromiseState
from tests.integration.telemetry.conftest import build_report_service
from tests.support import NOON, FixedClock, RawWriter
from tests.support.telemetry import Drawing, DrawnToken

ISO = Calendar()
FIRST, SECOND = ISO.token_weeks(NOON)[:2]
COUNTERS = {"launches": "3 to 9", "crashes": "0", "syncs": "0"}


async def draw(issuer: TokenIssuer, clock: FixedClock) -> list[DrawnToken]:
    """Say yes now, from an address of one's own; return the tokens of the next two weeks."""
    drawing = Drawing([FIRST.name, SECOND.name])
    issued = await issuer.issue(
        Program.OMNIFOCUS, QUESTION.version, drawing.elements, address=new_id("adr"), at=clock()
    )
    keys = {key.week: key.public_key for key in issuer.list_keys(at=clock())}
    return drawing.finish([(one.evaluated, one.proof) for one in issued], [keys[one.week] for one in issued])


def usage(**changed: Any) -> UsageReport:
    return UsageReport(
        **{"program": "omnifocus", "version": "4.8", "os": "web", "locale": "en", "counters": COUNTERS, **changed}
    )


def token_of(drawn: DrawnToken, **changed: Any) -> Token:
    values = {"question_version": QUESTION.version, "week": drawn.week, "evaluation": drawn.token}
    return Token(**{**values, "number": encode_bytes(drawn.number), **changed})


async def submit(service: ReportService, clock: FixedClock, *tokens: Token) -> Any:
    return await service.submit([(token, usage()) for token in tokens], at=clock())


async def refusal(service: ReportService, clock: FixedClock, token: Token) -> str:
    with pytest.raises(ReportsRefusedError) as refused:
        await submit(service, clock, token)
    return refused.value.fields[0].code


async def test_C03_a_report_of_a_closed_week_is_stored_once(
    token_issuer: TokenIssuer, report_service: ReportService, clock: FixedClock, database: Database, planter: RawWriter
) -> None:
    [drawn, _] = await draw(token_issuer, clock)
    clock.now = FIRST.closed_at
    assert (await submit(report_service, clock, token_of(drawn))).accepted == 1
    assert await refusal(report_service, clock, token_of(drawn)) == RefusalReason.TOKEN_SPENT
    [row] = await planter.read_raw(database, "reports")
    assert row["counters"] == COUNTERS
    assert [name for name, value in row.items() if hasattr(value, "hour")] == ["week_closed_at"]


@pytest.mark.parametrize(
    ("week", "later", "reason"),
    [
        (FIRST.name, timedelta(milliseconds=-1), RefusalReason.WEEK_RUNNING),
        (FIRST.name, timedelta(days=14), RefusalReason.WEEK_TOO_OLD),
        (SECOND.name, timedelta(milliseconds=-1), RefusalReason.WEEK_FUTURE),
        ("2025-W53", timedelta(0), RefusalReason.WEEK_IMPOSSIBLE),
        ("demo-10s-179625600", timedelta(0), RefusalReason.WEEK_IMPOSSIBLE),
    ],
)
async def test_c5_06_a_week_that_is_not_just_closed_is_refused_with_its_reason(
    token_issuer: TokenIssuer,
    report_service: ReportService,
    clock: FixedClock,
    week: str,
    later: timedelta,
    reason: RefusalReason,
) -> None:
    drawn = await draw(token_issuer, clock)
    clock.now = FIRST.closed_at + later
    found = next((token for token in drawn if token.week == week), drawn[0])
    assert await refusal(report_service, clock, token_of(found, week=week)) == reason


async def test_b02_a_device_that_was_off_for_a_week_is_still_counted(
    token_issuer: TokenIssuer, report_service: ReportService, clock: FixedClock
) -> None:
    drawn = await draw(token_issuer, clock)
    clock.now = FIRST.closed_at + timedelta(days=14, milliseconds=-1)
    assert (await submit(report_service, clock, *(token_of(one) for one in drawn))).accepted == 2


async def test_C03_no_token_but_one_of_this_week_and_question_is_taken(
    token_issuer: TokenIssuer, report_service: ReportService, clock: FixedClock
) -> None:
    [drawn, other] = await draw(token_issuer, clock)
    clock.now = FIRST.closed_at
    forged = [
        token_of(drawn, evaluation=random_bytes(64)),
        token_of(drawn, number=encode_bytes(random_bytes(32))),
        token_of(other, week=FIRST.name),
    ]
    for token in forged:
        assert await refusal(report_service, clock, token) == RefusalReason.TOKEN_INVALID
    outdated = token_of(drawn, question_version=QUESTION.version - 1)
    assert await refusal(report_service, clock, outdated) == RefusalReason.QUESTION_OUTDATED


async def test_a_batch_counts_what_it_took_and_why_not(
    token_issuer: TokenIssuer, report_service: ReportService, clock: FixedClock, database: Database
) -> None:
    drawn = [(await draw(token_issuer, clock))[0] for _ in range(3)]
    clock.now = FIRST.closed_at
    tokens = [token_of(one) for one in drawn]
    forged = token_of(drawn[0], evaluation=bytes(64))
    batch = await submit(report_service, clock, *tokens, tokens[0], forged)
    assert batch.accepted == 3
    assert batch.refused == {RefusalReason.TOKEN_SPENT: 1, RefusalReason.TOKEN_INVALID: 1}
    assert await Reports(database).count_by_week(FIRST.name) == 3


async def test_nothing_of_a_batch_with_a_value_off_the_lists_is_stored(
    token_issuer: TokenIssuer, report_service: ReportService, clock: FixedClock, database: Database
) -> None:
    [drawn, _] = await draw(token_issuer, clock)
    clock.now = FIRST.closed_at
    with pytest.raises(InvalidReportError) as refused:
        await report_service.submit([(token_of(drawn), usage()), (token_of(drawn), usage(version="9.9"))], at=clock())
    assert refused.value.fields[0].field == "reports.1.version"
    assert await Reports(database).count_by_week(FIRST.name) == 0


async def test_c5_07_a_token_that_two_processes_take_at_once_counts_once(
    token_issuer: TokenIssuer,
    report_service: ReportService,
    token_keys: TokenKeys,
    clock: FixedClock,
    database: Database,
) -> None:
    drawn = [(await draw(token_issuer, clock))[0] for _ in range(8)]
    clock.now = FIRST.closed_at
    other = build_report_service(database, token_keys)
    racing = [submit(service, clock, token_of(one)) for one in drawn for service in (report_service, other)]
    outcomes = await asyncio.gather(*racing, return_exceptions=True)
    assert sum(not isinstance(outcome, ReportsRefusedError) for outcome in outcomes) == len(drawn)
    assert await Reports(database).count_by_week(FIRST.name) == len(drawn)


async def test_b19_a_closed_week_takes_no_report_and_all_taken_before_are_there(
    token_issuer: TokenIssuer, report_service: ReportService, clock: FixedClock, database: Database
) -> None:
    drawn = [(await draw(token_issuer, clock))[0] for _ in range(10)]
    [late, fresh] = await draw(token_issuer, clock)
    clock.now = FIRST.closed_at
    racing = [asyncio.create_task(submit(report_service, clock, token_of(one))) for one in drawn]
    await asyncio.sleep(0.005)
    await Weeks(database).close(FIRST)
    counted = await Reports(database).count_by_week(FIRST.name)
    outcomes = await asyncio.gather(*racing, return_exceptions=True)
    accepted = sum(not isinstance(outcome, BaseException) for outcome in outcomes)
    assert accepted <= counted, "a report may be counted and refused at the moment of closing, never accepted and lost"
    assert await refusal(report_service, clock, token_of(late)) == RefusalReason.WEEK_RELEASED
    assert await Reports(database).count_by_week(FIRST.name) == accepted
    clock.now = SECOND.closed_at
    assert (await submit(report_service, clock, token_of(fresh))).accepted == 1


async def test_a_week_without_reports_can_be_closed_and_closing_twice_changes_nothing(
    token_issuer: TokenIssuer, report_service: ReportService, clock: FixedClock, database: Database
) -> None:
    [drawn, _] = await draw(token_issuer, clock)
    weeks = Weeks(database)
    assert not await weeks.is_closed(FIRST)
    await weeks.close(FIRST)
    await weeks.close(FIRST)
    assert await weeks.is_closed(FIRST)
    clock.now = FIRST.closed_at
    assert await refusal(report_service, clock, token_of(drawn)) == RefusalReason.WEEK_RELEASED


async def test_b03_the_number_of_a_week_has_its_report_deleted_whichever_comes_first(
    token_issuer: TokenIssuer, report_service: ReportService, clock: FixedClock, database: Database
) -> None:
    [first, _], [second, _] = await draw(token_issuer, clock), await draw(token_issuer, clock)
    clock.now = FIRST.closed_at
    await submit(report_service, clock, token_of(first))
    for drawn in (first, second):
        await report_service.delete_report(Program.OMNIFOCUS, token_of(drawn), at=clock())
        assert await refusal(report_service, clock, token_of(drawn)) == RefusalReason.TOKEN_SPENT
    assert await Reports(database).count_by_week(FIRST.name) == 0
    with pytest.raises(TokenNotVerifiedError):
        await report_service.delete_report(Program.OMNIFOCUS, token_of(first, evaluation=bytes(64)), at=clock())


async def test_b17_a_raw_report_is_gone_fourteen_days_after_the_end_of_its_week(
    token_issuer: TokenIssuer, report_service: ReportService, clock: FixedClock, database: Database, planter: RawWriter
) -> None:
    [drawn, deleted] = await draw(token_issuer, clock), (await draw(token_issuer, clock))[0]
    clock.now = FIRST.closed_at + timedelta(days=13, hours=23)
    await submit(report_service, clock, token_of(drawn[0]))
    await report_service.delete_report(Program.OMNIFOCUS, token_of(deleted), at=clock())
    sweeper = RetentionSweeper(database, DOCUMENTS, clock)
    await sweeper.delete_expired()
    assert len(await planter.read_raw(database, "reports")) == 1
    clock.now = FIRST.closed_at + timedelta(days=14)
    await sweeper.delete_expired()
    assert await planter.read_raw(database, "reports") == await planter.read_raw(database, "deleted_reports") == []


async def test_a_release_reads_a_week_in_batches_and_deletes_it(
    token_issuer: TokenIssuer, report_service: ReportService, clock: FixedClock, database: Database
) -> None:
    drawn = [await draw(token_issuer, clock) for _ in range(5)]
    clock.now = SECOND.closed_at
    for both in drawn:
        await submit(report_service, clock, *(token_of(one) for one in both))
    reports = Reports(database)
    batches = [batch async for batch in reports.iter_raw_by_week(FIRST.name, batch_size=2)]
    assert sorted(len(batch) for batch in batches) == [1, 2, 2]
    assert await reports.delete_by_week(FIRST.name) == 5
    assert [each.token.week async for each in reports.iter_by_week(SECOND.name)] == [SECOND.name] * 5


# ── The probe of C03 ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def probes(database: Database, token_keys: TokenKeys, clock: FixedClock) -> TelemetryProbes:
    return TelemetryProbes(reports=Reports(database), keys=token_keys, clock=clock)


@pytest.mark.parametrize(
    "breach",
    [
        {"token": b"\x00" * 64},
        {"week": "2027-W05"},
        {"_id": "2027-W02:AAAA"},
        {"_id": "2027-W02:no number"},
        {"question_version": 1},
        {"stream": "demo"},
        {"stream": "nothing"},
        {"week_closed_at": FIRST.closed_at + timedelta(days=7)},
    ],
)
async def test_C03_the_probe_finds_a_report_without_a_proof_of_its_yes(
    token_issuer: TokenIssuer,
    report_service: ReportService,
    probes: TelemetryProbes,
    clock: FixedClock,
    database: Database,
    planter: RawWriter,
    breach: dict[str, object],
) -> None:
    drawn = [(await draw(token_issuer, clock))[0] for _ in range(3)]
    clock.now = FIRST.closed_at
    await submit(report_service, clock, *(token_of(one) for one in drawn))
    assert (await probes.token_proves_opt_in()).state is PromiseState.KEPT
    [row, *_] = await planter.read_raw(database, "reports")
    changed = {**row, **breach}
    await planter.client[database.name]["reports"].delete_one({"_id": row["_id"]})
    await planter.write_raw(database, "reports", changed)
    found = await probes.token_proves_opt_in()
    assert (found.state, found.sample_size) == (PromiseState.BROKEN, 3)


async def test_C03_a_probe_without_reports_has_seen_nothing(probes: TelemetryProbes) -> None:
    assert (await probes.token_proves_opt_in()).sample_size == 0
