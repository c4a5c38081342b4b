"""The board: what the probes of all services saw, silence included; the policy in plain words."""

from datetime import timedelta

import pytest

from services.disclosure.domain import ProbeResult
from services.disclosure.service import PromiseBoard, count_by_state
from services.disclosure.store import DOCUMENTS, ProbeResults
from shared.clock import utc_now
from shared.contracts import common_v1
from shared.mongo import Database
from shared.policy import JURISDICTION, PROMISES
from shared.registry import get_registry
from tests.support import NOON, FixedClock
from tests.support.fake_services import FakeServices, until
from tests.support.running import Running

SILENCE = timedelta(minutes=10)
OWNERS = get_registry().with_personal_data


@pytest.fixture
async def board(database: Database) -> PromiseBoard:
    await database.ensure_collections(DOCUMENTS)
    return PromiseBoard(results=ProbeResults(database), stale_after=SILENCE)


def look(promise_id: str, service: str, state: str = "kept", *, minutes: float = 0) -> ProbeResult:
    return ProbeResult(
        promise_id=promise_id,
        service=service,
        state=state,
        sample_size=3,
        evidence=f"what {service} saw",
        checked_at=NOON + timedelta(minutes=minutes),
    )


async def test_the_board_has_every_promise_and_begins_with_none_kept(board: PromiseBoard, clock: FixedClock) -> None:
    found = await board.list_statuses(at=clock())
    assert [each.promise.id for each in found] == [promise.id for promise in PROMISES]
    assert count_by_state(found) == {"kept": 0, "broken": 0, "unknown": len(PROMISES)}


async def test_C01_a_promise_of_everybody_is_kept_when_everybody_was_heard(
    board: PromiseBoard, clock: FixedClock
) -> None:
    for service in OWNERS[1:]:
        await board.record(look("C01", service))
    missing = await board.get("C01", at=clock())
    assert missing.status.state == "unknown"
    assert missing.evidence.startswith("identity: ")
    await board.record(look("C01", "identity"))
    assert (await board.get("C01", at=clock())).status.state == "kept"


async def test_one_breach_anywhere_breaks_the_promise_and_is_the_evidence(
    board: PromiseBoard, clock: FixedClock
) -> None:
    await board.record(look("C18", "payments"))
    await board.record(look("C18", "sync", "broken"))
    found = await board.get("C18", at=clock())
    assert (found.status.state, found.evidence) == ("broken", "sync: what sync saw")


async def test_silence_makes_a_promise_unknown(board: PromiseBoard, clock: FixedClock) -> None:
    await board.record(look("C18", "payments"))
    assert (await board.get("C18", at=clock.advance(SILENCE))).status.state == "kept"
    assert (await board.get("C18", at=clock.advance(timedelta(seconds=1)))).status.state == "unknown"


async def test_an_older_look_does_not_hide_a_newer_one(board: PromiseBoard, clock: FixedClock) -> None:
    await board.record(look("C18", "payments", "broken", minutes=1))
    await board.record(look("C18", "payments", "kept"))
    assert (await board.get("C18", at=clock())).status.state == "broken"


async def test_what_nobody_looks_at_says_why(board: PromiseBoard, clock: FixedClock) -> None:
    later = next(promise for promise in PROMISES if promise.coverage_gap)
    await board.record(look(later.id, later.owners[0]))
    found = await board.get(later.id, at=clock())
    assert (found.status.state, found.evidence) == ("unknown", later.coverage_gap)


async def test_of_what_is_looked_at_in_part_a_breach_is_told_and_nothing_else(
    board: PromiseBoard, clock: FixedClock
) -> None:
    later = next(promise for promise in PROMISES if promise.coverage_gap)
    await board.record(look(later.id, "sync", "broken"))
    found = await board.get(later.id, at=clock())
    assert (found.status.state, found.evidence) == ("broken", "sync: what sync saw")
    silent = await board.get(later.id, at=clock.advance(SILENCE + timedelta(seconds=1)))
    assert (silent.status.state, silent.evidence) == ("unknown", later.coverage_gap)


async def test_the_running_board_shows_what_was_told(service: Running, fake_services: FakeServices) -> None:
    fact = common_v1.PromiseChecked(promise_id="C10", state="broken", sample_size=7, evidence="2 sent after the end")
    fact.checked_at.FromDatetime(utc_now())
    await fake_services.publish_event(fact, by="newsletter")

    async def shown() -> dict[str, object] | None:
        item = (await service.call("GET", "/v1/disclosure/promises/C10")).body
        return item if item["state"] == "broken" else None

    item = await until(shown)
    assert item is not None
    assert (item["sample_size"], item["evidence"]) == (7, "newsletter: 2 sent after the end")
    listed = (await service.call("GET", "/v1/disclosure/promises")).body
    assert listed["summary"]["broken"] == 1
    assert sum(listed["summary"].values()) == len(listed["items"]) == 31


async def test_its_own_probes_reach_the_board(service: Running) -> None:
    async def kept() -> bool:
        found = [(await service.call("GET", f"/v1/disclosure/promises/{each}")).body for each in ("C07", "C16")]
        return all(item["state"] == "kept" for item in found)

    assert await until(kept)


async def test_the_policy_is_public_and_in_our_own_words(service: Running) -> None:
    policy = (await service.call("GET", "/v1/disclosure/policy")).body
    assert (policy["jurisdiction"], policy["version"], policy["effective_at"]) == (JURISDICTION, 1, "2012-02-21")
    assert len(policy["clauses"]) == 31
    assert not {"sale", "rent", "advertising"} & set(policy["purposes"])


async def test_an_unknown_promise_is_not_found(service: Running) -> None:
    refused = await service.call("GET", "/v1/disclosure/promises/C99")
    assert (refused.status, refused.body["code"]) == (404, "disclosure.promise.not_found")
