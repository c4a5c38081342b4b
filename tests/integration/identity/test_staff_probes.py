"""The probes of what staff does and of reports: kept while all is well, and each sees a planted breach."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from services.identity.store import (
    AbuseReportDocument,
    AdminActionDocument,
    CredentialDocument,
    DataAccessDocument,
    PurgedChildDocument,
)
from shared.ids import new_id
from tests.integration.identity.harness import IdentityHarness, Person
from tests.integration.identity.staff_actions import carry_out_action, request_action
from tests.support import RawWriter


@asynccontextmanager
async def planted(
    house: IdentityHarness, planter: RawWriter, collection: str, raw: Mapping[str, Any]
) -> AsyncIterator[None]:
    await planter.write_raw(house.chassis.db, collection, dict(raw))
    try:
        yield
    finally:
        await planter.client[house.chassis.db.name][collection].delete_one({"_id": raw["_id"]})


async def state(house: IdentityHarness, promise_id: str) -> str:
    return str((await house.run_probe(promise_id)).state)


async def an_act(house: IdentityHarness, ada: Person, **changed: Any) -> dict[str, Any]:
    """Return an act, planted as the service stores it."""
    act = await carry_out_action(house, "cancel_password", ada)
    row = await house.chassis.db.get_collection(AdminActionDocument).get(act.body["admin_action_id"])
    assert row is not None
    return {**row.to_mongo(), "_id": new_id("act"), **changed}


async def test_C21_is_kept_after_what_staff_does_rightly(identity: IdentityHarness) -> None:
    ada = await identity.member()
    await carry_out_action(identity, "cancel_password", ada)
    await request_action(identity, "freeze", ada)
    await request_action(identity, "unfreeze", ada)
    assert await state(identity, "C21") == "kept"


@pytest.mark.parametrize("missing", ["requested_entry_id", "completed_entry_id"])
async def test_C21_an_act_without_its_entry_in_the_ledger_is_seen(
    identity: IdentityHarness, planter: RawWriter, missing: str
) -> None:
    act = await an_act(identity, await identity.member(), **{missing: new_id("led")})
    assert await state(identity, "C21") == "kept"
    async with planted(identity, planter, AdminActionDocument.collection, act):
        assert await state(identity, "C21") == "broken"


async def test_C21_an_entry_that_somebody_took_away_is_missed(identity: IdentityHarness, planter: RawWriter) -> None:
    ada = await identity.member()
    act = await carry_out_action(identity, "cancel_password", ada)
    row = await identity.chassis.db.get_collection(AdminActionDocument).get(act.body["admin_action_id"])
    assert row is not None
    reads = planter.client[identity.chassis.db.name][DataAccessDocument.collection]
    entry = await reads.find_one_and_delete({"_id": row.requested_entry_id})
    assert entry is not None
    assert await state(identity, "C21") == "broken"
    await planter.write_raw(identity.chassis.db, DataAccessDocument.collection, dict(entry))
    assert await state(identity, "C21") == "kept"


async def test_C21_an_act_for_two_that_one_did_alone_is_seen(identity: IdentityHarness, planter: RawWriter) -> None:
    act = await an_act(identity, await identity.member())
    alone = {**act, "completed_by": act["requested_by"], "completed_entry_id": act["requested_entry_id"]}
    async with planted(identity, planter, AdminActionDocument.collection, alone):
        assert await state(identity, "C21") == "broken"
    without_second = {**act, "completed_by": None, "completed_entry_id": None}
    async with planted(identity, planter, AdminActionDocument.collection, without_second):
        assert await state(identity, "C21") == "broken"


async def test_C21_a_customer_who_acted_as_staff_is_seen(identity: IdentityHarness, planter: RawWriter) -> None:
    eve = await identity.member("eve")
    at = identity.clock()
    read = {
        "_id": new_id("led"),
        "recipient_kind": "staff",
        "recipient_id": eve.account_id,
        "fields": ["identity.admin_actions.account_id"],
        "purpose": "support",
        "accessed_at": at,
    }
    act = await an_act(identity, await identity.member(), requested_by=eve.account_id, requested_entry_id=read["_id"])
    async with (
        planted(identity, planter, DataAccessDocument.collection, read),
        planted(identity, planter, AdminActionDocument.collection, act),
    ):
        assert await state(identity, "C21") == "broken"


@pytest.mark.parametrize("collection", ["credentials", "sessions", "app_passwords"])
async def test_C27_what_still_opens_a_cancelled_account_is_seen(
    identity: IdentityHarness, planter: RawWriter, collection: str
) -> None:
    ada = await identity.member()
    await identity.call("POST", "/v1/identity/app-passwords", {"label": "laptop"}, by=ada, once=True)
    rows = planter.client[identity.chassis.db.name][collection]
    before = await rows.find_one({"account_id": ada.account_id})
    assert before is not None
    await carry_out_action(identity, "cancel_password", ada)
    assert await state(identity, "C27") == "kept"
    async with planted(
        identity, planter, collection, {**before, "created_at": identity.clock() - timedelta(seconds=1)}
    ):
        assert await state(identity, "C27") == "broken"
    assert (
        await identity.chassis.db.get_collection(CredentialDocument).count_documents({"account_id": ada.account_id})
        == 0
    )


async def test_C28_a_report_without_an_answer_past_its_target_is_seen(apart: IdentityHarness) -> None:
    body = {"kind": "security_problem", "text": "the door in the third parameter"}
    case = (await apart.call("POST", "/v1/identity/abuse-reports", body)).body["report_id"]
    apart.clock.advance(timedelta(days=2, hours=23))
    assert await state(apart, "C28") == "kept"
    apart.clock.advance(timedelta(hours=1))
    assert await state(apart, "C28") == "broken"
    apart.staff["support"] = await apart.log_in(apart.staff["support"])
    path = f"/v1/identity/abuse-reports/{case}/answers"
    await apart.call("POST", path, {"text": "Closed."}, by=apart.staff["support"], once=True)
    assert await state(apart, "C28") == "kept"


async def test_C28_a_case_that_was_closed_without_an_answer_is_seen(apart: IdentityHarness, planter: RawWriter) -> None:
    body = {"kind": "security_problem", "text": "the door in the third parameter"}
    case = (await apart.call("POST", "/v1/identity/abuse-reports", body)).body["report_id"]
    rows = planter.client[apart.chassis.db.name][AbuseReportDocument.collection]
    await rows.update_one({"_id": case}, {"$set": {"state": "closed"}})
    apart.clock.advance(timedelta(days=3))
    assert await state(apart, "C28") == "broken"


async def test_C23_an_account_that_was_there_before_a_childs_was_purged_is_seen(
    apart: IdentityHarness, planter: RawWriter
) -> None:
    kim = await apart.member("kim")
    [index] = [
        row["email_index"]
        for row in await planter.read_raw(apart.chassis.db, "accounts")
        if row["_id"] == kim.account_id
    ]
    mark = {"_id": index, "erased_at": apart.clock() + timedelta(seconds=1)}
    async with planted(apart, planter, PurgedChildDocument.collection, mark):
        assert await state(apart, "C23") == "broken"
    assert await state(apart, "C23") == "kept"
