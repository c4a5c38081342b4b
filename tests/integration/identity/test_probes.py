"""The probes of identity: kept while all is well, and each sees a planted breach."""

from datetime import timedelta
from typing import Any

import pytest

from services.identity.domain.privacy_requests.lifecycle import OTHER_SERVICES
from services.identity.store import RevokedSessionDocument, SessionDocument
from shared.ids import new_id
from shared.policy import Purpose
from shared.promises import Finding
from tests.integration.identity.fake_services import receipt
from tests.integration.identity.harness import IdentityHarness
from tests.support import RawWriter

OWN = ("C06", "C13", "C22", "C23", "C24", "C26", "C31")


class Breach:
    """Plants, looks, and takes the plant away again."""

    def __init__(self, house: IdentityHarness, planter: RawWriter) -> None:
        self.house, self.planter = house, planter

    async def seen(self, promise_id: str, collection: str, raw: dict[str, Any]) -> Finding:
        assert (await self.house.run_probe(promise_id)).state == "kept"
        await self.planter.write_raw(self.house.chassis.db, collection, raw)
        try:
            return await self.house.run_probe(promise_id)
        finally:
            rows = self.planter.client[self.house.chassis.db.name][collection]
            await rows.delete_one({"_id": raw["_id"]})


@pytest.fixture
def breach(identity: IdentityHarness, planter: RawWriter) -> Breach:
    return Breach(identity, planter)


@pytest.mark.parametrize("promise_id", OWN)
async def test_all_is_kept_after_everything_that_people_do(identity: IdentityHarness, promise_id: str) -> None:
    await identity.member()
    finding = await identity.run_probe(promise_id)
    assert finding.state == "kept", finding


async def test_C06_a_reading_for_another_purpose_is_seen(breach: Breach) -> None:
    read = {
        "_id": new_id("led"),
        "recipient_kind": "service",
        "recipient_id": "newsletter",
        "fields": ["identity.accounts.email"],
        "purpose": "newsletter",
        "accessed_at": breach.house.clock() + timedelta(days=400),
    }
    assert (await breach.seen("C06", "data_accesses", read)).state == "broken"
    assert (await breach.seen("C06", "data_accesses", {**read, "purpose": "sale"})).state == "broken"
    assert (
        await breach.seen("C06", "data_accesses", {**read, "purpose": "support", "fields": ["x.y.z"]})
    ).state == "broken"
    kept = await breach.seen("C06", "data_accesses", {**read, "purpose": Purpose.SUPPORT.value})
    assert kept.state == "kept"


async def test_C22_an_ended_session_that_is_not_refused_is_seen(breach: Breach) -> None:
    unheard = {"_id": new_id("ses"), "tokens_expire_at": breach.house.clock() + timedelta(minutes=5)}
    assert (await breach.seen("C22", RevokedSessionDocument.collection, unheard)).state == "broken"


async def test_C22_a_session_that_came_back_to_life_is_seen(breach: Breach) -> None:
    ada = await breach.house.member()
    await breach.house.call("DELETE", "/v1/identity/sessions/current", by=ada)
    at = breach.house.clock()
    undead = {
        "_id": ada.session_id,
        "account_id": ada.account_id,
        "client": "An app",
        "generation": 0,
        "created_at": at,
        "last_seen_at": at + timedelta(days=400),
    }
    assert (await breach.seen("C22", SessionDocument.collection, undead)).state == "broken"
    orphan = {**undead, "_id": new_id("ses"), "account_id": new_id("acc")}
    assert (await breach.seen("C22", SessionDocument.collection, orphan)).state == "broken"


def an_account(house: IdentityHarness, **changed: Any) -> dict[str, Any]:
    at, mark = house.clock(), new_id("acc")
    return {
        "_id": mark,
        "username": mark,
        "email": b"sealed",
        "email_index": mark,
        "state": "active",
        "roles": [],
        "age_screened_at": at,
        "verified_at": at,
        "created_at": at,
        **changed,
    }


async def test_C23_an_account_without_a_passed_age_screen_is_seen(breach: Breach) -> None:
    unscreened = an_account(breach.house, age_screened_at=None)
    assert (await breach.seen("C23", "accounts", unscreened)).state == "broken"
    without = an_account(breach.house)
    del without["age_screened_at"]
    assert (await breach.seen("C23", "accounts", without)).state == "broken"


async def test_C23_a_sign_up_without_a_passed_age_screen_is_seen(breach: Breach) -> None:
    sign_up = {"_id": new_id("acc"), "token_hash": b"x", "email_index": "x", "created_at": breach.house.clock()}
    assert (await breach.seen("C23", "sign_ups", sign_up)).state == "broken"


async def test_C24_an_active_account_without_a_proven_address_is_seen(breach: Breach) -> None:
    unproven = an_account(breach.house, verified_at=None)
    assert (await breach.seen("C24", "accounts", unproven)).state == "broken"


@pytest.mark.parametrize("secret", ["green tower", "$2b$12$x", "{SHA}x", "$argon2i$v=19$", "", None])
async def test_C24_a_password_stored_otherwise_than_by_argon2id_is_seen(breach: Breach, secret: str | None) -> None:
    at = breach.house.clock()
    credential = {
        "_id": new_id("crd"),
        "account_id": new_id("acc"),
        "kind": "password",
        "password_hash": secret,
        "created_at": at,
        "changed_at": at,
    }
    assert (await breach.seen("C24", "credentials", credential)).state == "broken"


async def test_C26_an_export_past_its_deadline_is_seen(breach: Breach) -> None:
    at = breach.house.clock()
    late = {
        "_id": new_id("exp"),
        "account_id": new_id("acc"),
        "running_for": new_id("acc"),
        "state": "collecting",
        "created_at": at - timedelta(days=31),
        "deadline": at - timedelta(days=1),
    }
    assert (await breach.seen("C26", "exports", late)).state == "broken"


async def test_C31_an_erasure_past_its_deadline_or_without_receipts_is_seen(breach: Breach) -> None:
    at = breach.house.clock()
    late = {
        "_id": new_id("era"),
        "account_id": new_id("acc"),
        "state": "running",
        "created_at": at - timedelta(days=31),
        "deadline": at - timedelta(days=1),
        "requested_at": at,
    }
    assert (await breach.seen("C31", "erasure_requests", late)).state == "broken"
    claimed = {**late, "_id": new_id("era"), "state": "completed", "account_id": None}
    assert (await breach.seen("C31", "erasure_requests", claimed)).state == "broken"


async def test_C31_a_receipt_that_is_missing_from_a_done_erasure_is_seen(breach: Breach, planter: RawWriter) -> None:
    house = breach.house
    ada = await house.member()
    asked = await house.call("POST", "/v1/identity/erasures", {"password": ada.password}, by=ada, once=True)
    for service in OTHER_SERVICES:
        await house.record_events(receipt(asked.body["erasure_id"]), of=service)
    rows = planter.client[house.chassis.db.name]["erasure_receipts"]
    mine = {"_id": f"{asked.body['erasure_id']}.sync"}
    await rows.update_one(mine, {"$set": {"state": "pending"}})
    assert (await house.run_probe("C31")).state == "broken"
    await rows.update_one(mine, {"$set": {"state": "completed"}})
    assert (await house.run_probe("C31")).state == "kept"
