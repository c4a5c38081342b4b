"""Issuing tokens: counted and limited by address, nothing else stored."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.telemetry.domain import QUESTION, Calendar, Program
from services.telemetry.errors import (
    InstallationsExceededError,
    InvalidBlindedElementError,
    ProgramUnavailableError,
    QuestionOutdatedError,
    TokenWeekNotOpenError,
)
from services.telemetry.service import TokenIssuer
from services.telemetry.store import DOCUMENTS
from shared.mongo import Database
from shared.mongo.retention import RetentionSweeper
from tests.integration.telemetry.conftest import MAX_INSTALLATIONS
from tests.support import NOON, FixedClock, RawWriter
from tests.support.telemetry import Drawing

ADDRESS, OTHER = "203.0.113.9", "203.0.113.10"
WEEKS = [week.name for week in Calendar().token_weeks(NOON)]


async def issue(issuer: TokenIssuer, clock: FixedClock, address: str = ADDRESS, **changed: Any) -> None:
    wanted: dict[str, Any] = {
        "program": Program.OMNIFOCUS,
        "question_version": QUESTION.version,
        "elements": Drawing(WEEKS).elements,
    }
    await issuer.issue(**{**wanted, **changed}, address=address, at=clock())


async def test_c5_08_an_address_draws_for_so_many_installations_a_week(
    token_issuer: TokenIssuer, clock: FixedClock
) -> None:
    for _ in range(MAX_INSTALLATIONS):
        await issue(token_issuer, clock)
    with pytest.raises(InstallationsExceededError) as refused:
        await issue(token_issuer, clock)
    assert clock() + timedelta(seconds=refused.value.retry_after or 0) >= Calendar().week_at(clock()).closed_at
    await issue(token_issuer, clock, OTHER)
    clock.advance(timedelta(days=7))
    await issue(token_issuer, clock, elements=Drawing([week.name for week in Calendar().token_weeks(clock())]).elements)


async def test_requests_at_the_same_time_cannot_pass_the_limit(token_issuer: TokenIssuer, clock: FixedClock) -> None:
    racing = [issue(token_issuer, clock, "2001:db8::1") for _ in range(5)]
    racing += [issue(token_issuer, clock, "2001:db8::2") for _ in range(5)]
    outcomes = await asyncio.gather(*racing, return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == MAX_INSTALLATIONS


async def test_only_counts_are_stored_and_they_go_with_their_key_when_the_week_ends(
    token_issuer: TokenIssuer, clock: FixedClock, database: Database, planter: RawWriter
) -> None:
    await issue(token_issuer, clock)
    names = set(await planter.client[database.name].list_collection_names()) - {"data_format"}
    rows = {name: await planter.read_raw(database, name) for name in names}
    filled = {name: stored for name, stored in rows.items() if stored}
    assert set(filled) == {"issuances", "address_keys"}
    assert set(filled["issuances"][0]) == {"_id", "count", "expires_at"}
    assert ADDRESS not in str(filled)
    clock.advance(timedelta(days=7))
    await RetentionSweeper(database, DOCUMENTS, clock).delete_expired()
    assert not [row for name in names for row in await planter.read_raw(database, name)]


async def test_b01_a_yes_to_another_question_draws_nothing(token_issuer: TokenIssuer, clock: FixedClock) -> None:
    for version in (QUESTION.version - 1, QUESTION.version + 1):
        with pytest.raises(QuestionOutdatedError):
            await issue(token_issuer, clock, question_version=version)


@pytest.mark.parametrize(
    "weeks", [["2027-W01"], ["2026-W53"], ["2027-W15"], ["2027-W02", "2027-W02"], ["demo-10s-179625600"]]
)
async def test_tokens_are_for_weeks_that_have_not_begun(
    token_issuer: TokenIssuer, clock: FixedClock, weeks: list[str]
) -> None:
    assert Calendar().week_at(clock()).name == "2027-W01"
    with pytest.raises(TokenWeekNotOpenError) as refused:
        await issue(token_issuer, clock, elements=Drawing(weeks).elements)
    assert refused.value.fields[0].field.endswith(".week")


async def test_a_refused_request_uses_up_no_installation(
    token_issuer: TokenIssuer, clock: FixedClock, database: Database, planter: RawWriter
) -> None:
    with pytest.raises(InvalidBlindedElementError):
        await issue(token_issuer, clock, elements=[(WEEKS[0], bytes(32))])
    with pytest.raises(ProgramUnavailableError):  # the demonstration exists in local mode alone
        await issue(token_issuer, clock, program=Program.CANDOR_DEMO)
    assert await planter.read_raw(database, "issuances") == []
