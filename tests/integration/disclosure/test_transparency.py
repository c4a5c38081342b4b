"""The transparency report: how often data was disclosed, and nothing about a few people."""

from datetime import UTC, datetime, timedelta

import pytest

from services.disclosure.domain import Case, CaseState, Ground, NoticeProof, NoticeState
from services.disclosure.service import CountRange, GroundTotals, TransparencyService
from services.disclosure.store import DOCUMENTS, CaseNotices, Cases, CaseStatistics
from shared.ids import new_id
from shared.mongo import Database
from tests.support import NOON
from tests.support.running import Running

PROOFS = {NoticeState.RELAYED: NoticeProof.RELAY_ACCEPTED, NoticeState.FAILED: NoticeProof.RELAY_REJECTED}


@pytest.fixture
async def prepared(database: Database) -> Database:
    await database.ensure_collections(DOCUMENTS)
    return database


async def disclosed(
    db: Database, *, at: datetime, ground: Ground = Ground.LAW, told: int = 0, unreachable: int = 0, waiting: int = 0
) -> None:
    """Store a case that was approved, with its notices."""
    accounts = [new_id("acc") for _ in range(told + unreachable + waiting)]
    case_id, cases, notices = new_id("dis"), Cases(db), CaseNotices(db)
    case = Case(
        case_id=case_id,
        ground=ground,
        requester="Superior Court, King County",
        reference="26-2-01234-5",
        fields=("identity.accounts.email",),
        state=CaseState.OPEN,
        affected_count=len(accounts),
        opened_by="acc_1",
        opened_at=at,
    )
    await cases.add(case, idempotency_key=case_id)
    await notices.create_pending(case_id, accounts)
    await cases.approve(case_id, by="acc_2", at=at)
    final = [NoticeState.RELAYED] * told + [NoticeState.FAILED] * unreachable
    for notice, state in zip(await notices.list_by_case(case_id, after=None, limit=1000), final, strict=False):
        await notices.complete(notice, state, PROOFS[state], at=at)


async def lines(db: Database, *, at: datetime = NOON) -> dict[tuple[int, Ground], GroundTotals]:
    years = await TransparencyService(statistics=CaseStatistics(db)).get_report(at=at)
    return {(year.year, line.ground): line for year in years for line in year.grounds}


def test_a_figure_is_a_step_of_five_that_holds_the_number() -> None:
    assert [CountRange.from_count(count) for count in (0, 4, 5, 9, 10)] == [
        *[CountRange(0, 4)] * 2,
        *[CountRange(5, 9)] * 2,
        CountRange(10, 14),
    ]
    assert all(
        CountRange.from_count(count).at_least <= count <= CountRange.from_count(count).at_most for count in range(1000)
    )


async def test_C16_cases_and_notices_are_counted_by_year_and_ground(prepared: Database) -> None:
    last_year = datetime(NOON.year - 1, 12, 31, 23, 59, tzinfo=UTC)
    for _ in range(6):
        await disclosed(prepared, at=last_year, told=2, unreachable=1)
    await disclosed(prepared, at=last_year + timedelta(minutes=1), ground=Ground.RIGHTS, told=7, waiting=5)
    found = await lines(prepared)
    assert found[NOON.year - 1, Ground.LAW] == GroundTotals(
        ground=Ground.LAW,
        cases=CountRange(5, 9),
        accounts=CountRange(15, 19),
        relayed=CountRange(10, 14),
        failed=CountRange(5, 9),
    )
    assert found[NOON.year, Ground.RIGHTS].accounts == CountRange(10, 14)
    assert found[NOON.year, Ground.RIGHTS].relayed == CountRange(5, 9)


async def test_every_ground_of_every_year_is_there_so_that_a_line_says_nothing_by_being_there(
    prepared: Database,
) -> None:
    await disclosed(prepared, at=NOON - timedelta(days=2 * 366), ground=Ground.EMERGENCY, told=1)
    found = await lines(prepared)
    assert set(found) == {(NOON.year - ago, ground) for ago in range(3) for ground in Ground}
    assert {line.cases for line in found.values()} == {CountRange(0, 4)}


async def test_a_case_that_is_not_approved_is_no_disclosure(prepared: Database) -> None:
    for _ in range(5):
        await disclosed(prepared, at=NOON, told=1)
    await prepared.get_collection(DOCUMENTS[1]).update_many({}, {"$set": {"approved_at": None, "state": "open"}})
    assert (await lines(prepared))[NOON.year, Ground.LAW].cases == CountRange(0, 4)


async def test_more_cases_than_are_read_at_once_are_all_counted(
    prepared: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.disclosure.store.case_statistics._BATCH_SIZE", 3)
    for _ in range(10):
        await disclosed(prepared, at=NOON, told=1)
    assert (await lines(prepared))[NOON.year, Ground.LAW].cases == CountRange(10, 14)


async def test_asking_often_costs_one_count_in_a_minute(prepared: Database) -> None:
    transparency = TransparencyService(statistics=CaseStatistics(prepared))
    before = await transparency.get_report(at=NOON)
    for _ in range(5):
        await disclosed(prepared, at=NOON, told=1)
    assert await transparency.get_report(at=NOON + timedelta(seconds=59)) == before
    assert await transparency.get_report(at=NOON + timedelta(seconds=60)) != before


async def test_everybody_may_read_the_report(service: Running) -> None:
    answer = await service.call("GET", "/v1/disclosure/transparency")
    assert answer.status == 200
    grounds = answer.body["years"][0]["grounds"]
    assert [each["ground"] for each in grounds] == ["law", "rights", "emergency"]
    assert set(grounds[0]) == {"ground", "cases", "accounts", "relayed", "failed"}
