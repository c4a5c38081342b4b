"""Legal holds: an erasure keeps what must be kept, names it to the person, and erases it when the hold ends (C31)."""

from datetime import datetime, timedelta

from services.identity.domain.privacy_requests.lifecycle import OTHER_SERVICES
from services.identity.store import AccountDocument, LegalHoldDocument
from shared.contracts import identity_v1
from shared.crypto import SubjectKeyDocument
from tests.integration.identity.fake_services import receipt
from tests.integration.identity.harness import IdentityHarness, Person, Reply
from tests.integration.identity.staff_actions import carry_out_action, place_hold
from tests.support.fake_services import until

PATH = "/v1/identity/erasures"


async def begun(house: IdentityHarness, ada: Person) -> str:
    asked = await house.call("POST", PATH, {"password": ada.password}, by=ada, once=True)
    assert asked.status == 202, asked
    return str(asked.body["erasure_id"])


async def told(house: IdentityHarness, erasure_id: str) -> Reply:
    return await house.call("GET", f"{PATH}/{erasure_id}")


async def all_erase(house: IdentityHarness, erasure_id: str) -> None:
    for service in OTHER_SERVICES:
        await house.record_events(receipt(erasure_id), of=service)


async def asked(house: IdentityHarness, ada: Person) -> int:
    return len(await house.events(identity_v1.ErasureRequested, about=ada.account_id))


async def becomes(house: IdentityHarness, erasure_id: str, state: str) -> bool:
    async def is_so() -> bool:
        return bool((await told(house, erasure_id)).body["state"] == state)

    async with house.run_workers("resume-and-expire"):
        return bool(await until(is_so))


async def test_C31_what_is_held_is_named_to_the_person_with_reason_and_end(apart: IdentityHarness) -> None:
    ada = await apart.member()
    await place_hold(apart, ada)
    erasure_id = await begun(apart, ada)
    await all_erase(apart, erasure_id)
    standing = (await told(apart, erasure_id)).body
    assert standing["state"] == "on_hold"
    receipts = {one["service"]: one for one in standing["receipts"]}
    [kept] = receipts["identity"]["retained_items"]
    assert ("account" in kept["description"], kept["reason"]) == (True, "case 4711")
    assert datetime.fromisoformat(kept["until"]) == apart.clock() + timedelta(days=90)
    assert {receipts[service]["state"] for service in OTHER_SERVICES} == {"completed"}
    [letter] = [one for one in await apart.emails_to(ada.email) if one.kind == "identity.erasure_started"]
    assert "case 4711" in letter.text
    assert await apart.chassis.db.get_collection(AccountDocument).get(ada.account_id) is not None


async def test_C31_what_was_held_is_erased_when_the_hold_ends(apart: IdentityHarness) -> None:
    ada = await apart.member()
    await place_hold(apart, ada)
    erasure_id = await begun(apart, ada)
    await all_erase(apart, erasure_id)
    apart.clock.advance(timedelta(days=91))
    assert (await apart.run_probe("C31")).state == "kept"
    assert await becomes(apart, erasure_id, "completed")
    for kind in (AccountDocument, LegalHoldDocument):
        assert await apart.chassis.db.get_collection(kind).count_documents({"_id": {"$ne": ""}}) == (
            3 if kind is AccountDocument else 0
        )
    assert await apart.chassis.db.get_collection(SubjectKeyDocument).get(ada.account_id) is None
    assert (await told(apart, erasure_id)).body["receipts"][0]["retained_items"] == []


async def test_C31_a_hold_on_everything_lets_no_service_erase_until_it_ends(apart: IdentityHarness) -> None:
    ada = await apart.member()
    await place_hold(apart, ada, scope="everything")
    erasure_id = await begun(apart, ada)
    assert await asked(apart, ada) == 0
    receipts = (await told(apart, erasure_id)).body["receipts"]
    assert {one["state"] for one in receipts} == {"on_hold"}
    assert all(one["retained_items"][0]["reason"] == "case 4711" for one in receipts)
    await done_again(apart)
    await carry_out_action(apart, "release_hold", ada, by="disclosure")
    assert await asked(apart, ada) == 1
    await all_erase(apart, erasure_id)
    assert (await told(apart, erasure_id)).body["state"] == "completed"


async def done_again(house: IdentityHarness) -> None:
    """Let the chores run for a while in which they might ask by mistake."""
    house.clock.advance(timedelta(minutes=4))
    async with house.run_workers("purge-expired", "resume-and-expire"):
        await until(lambda: _tidied(house))


async def _tidied(house: IdentityHarness) -> bool:
    return await house.chassis.db.get_collection(LegalHoldDocument).count_documents({}) > 0


async def test_C31_a_hold_that_comes_while_the_erasure_runs_keeps_the_account(apart: IdentityHarness) -> None:
    ada = await apart.member()
    erasure_id = await begun(apart, ada)
    await place_hold(apart, ada)
    await all_erase(apart, erasure_id)
    assert (await told(apart, erasure_id)).body["state"] == "on_hold"
    await carry_out_action(apart, "release_hold", ada, by="disclosure")
    assert (await told(apart, erasure_id)).body["state"] == "completed"


async def test_C31_of_two_holds_the_later_end_counts(apart: IdentityHarness) -> None:
    ada = await apart.member()
    await place_hold(apart, ada, days=10)
    await place_hold(apart, ada, days=20)
    erasure_id = await begun(apart, ada)
    await all_erase(apart, erasure_id)
    apart.clock.advance(timedelta(days=11))
    async with apart.run_workers("resume-and-expire"):
        await until(lambda: _tidied(apart))
    assert (await told(apart, erasure_id)).body["state"] == "on_hold"
    apart.clock.advance(timedelta(days=10))
    assert await becomes(apart, erasure_id, "completed")


async def test_C31_a_hold_that_has_ended_without_the_erasure_going_on_is_seen(apart: IdentityHarness) -> None:
    ada = await apart.member()
    await place_hold(apart, ada)
    await begun(apart, ada)
    apart.clock.advance(timedelta(days=94))
    assert (await apart.run_probe("C31")).state == "broken"


async def test_a_hold_stops_nothing_else(apart: IdentityHarness) -> None:
    ada = await apart.member()
    await place_hold(apart, ada)
    assert (await apart.call("GET", "/v1/identity/me", by=ada)).status == 200
    assert (await carry_out_action(apart, "release_hold", ada, by="disclosure")).body["state"] == "completed"
    erasure_id = await begun(apart, ada)
    await all_erase(apart, erasure_id)
    assert (await told(apart, erasure_id)).body["state"] == "completed"


async def test_C31_staff_see_which_holds_are_in_force_without_whose_they_are(apart: IdentityHarness) -> None:
    ada, bob = await apart.member(), await apart.member()
    begun_by = (await place_hold(apart, ada, days=10)).body["admin_action_id"]
    await place_hold(apart, bob, days=5)
    await carry_out_action(apart, "release_hold", bob, by="disclosure")
    [listed] = (await apart.call("GET", "/v1/identity/legal-holds", by=apart.staff["support"])).body["items"]
    assert (listed["admin_action_id"], listed["scope"], listed["reason"]) == (begun_by, "account", "case 4711")
    assert ada.account_id not in str(listed)
    apart.clock.advance(timedelta(days=11))
    apart.staff["support"] = await apart.log_in(apart.staff["support"])
    assert (await apart.call("GET", "/v1/identity/legal-holds", by=apart.staff["support"])).body["items"] == []
