"""The erasure ledger: what a backup brings back of an erased account is gone after the next start (C31)."""

from typing import Any

from services.identity.domain.requests import OTHERS
from services.identity.store import ErasedAccount, Session
from shared.contracts import identity_v1
from shared.crypto import SubjectKey
from tests.integration.identity.house import House, Person
from tests.integration.identity.others import receipt
from tests.support import Planter
from tests.support.neighbours import until

PATH = "/v1/identity/erasures"


async def raw_of(house: House, planter: Planter, collection: str, where: dict[str, Any]) -> dict[str, Any]:
    found = await planter.client[house.chassis.db.name][collection].find_one(where)
    assert found is not None
    return dict(found)


async def erased(house: House, ada: Person) -> str:
    asked = await house.call("POST", PATH, {"password": ada.password}, by=ada, once=True)
    erasure_id = str(asked.body["erasure_id"])
    for service in OTHERS:
        await house.hear(receipt(erasure_id), of=service)
    assert (await house.call("GET", f"{PATH}/{erasure_id}")).body["state"] == "done"
    return erasure_id


async def replayed(house: House, planter: Planter, collection: str) -> None:
    """Start the replay and wait until *collection* is as it was."""
    rows = planter.client[house.chassis.db.name][collection]
    before = await rows.count_documents({})

    async def fewer() -> bool:
        return await rows.count_documents({}) < before

    async with house.working("replay-erasures"):
        assert await until(fewer)


async def test_C31_a_restored_account_is_gone_after_the_start_and_all_services_are_told(
    apart: House, planter: Planter
) -> None:
    ada = await apart.member()
    backup = {
        name: await raw_of(apart, planter, name, {"_id": ada.account_id}) for name in ("accounts", "subject_keys")
    }
    backup["credentials"] = await raw_of(apart, planter, "credentials", {"account_id": ada.account_id})
    await erased(apart, ada)
    for name, document in backup.items():
        await planter.plant(apart.chassis.db, name, document)
    body = {"email": ada.email, "password": ada.password}
    assert (await apart.call("POST", "/v1/identity/sessions", body)).status == 201
    await replayed(apart, planter, "accounts")
    assert (await apart.call("POST", "/v1/identity/sessions", body)).status == 401
    db = apart.chassis.db
    assert await db.collection(SubjectKey).get(ada.account_id) is None
    assert await db.collection(Session).count({"account_id": ada.account_id}) == 0
    told = await apart.facts(identity_v1.ErasureRequested, about=ada.account_id)
    assert len({fact.erasure_id for fact in told}) == 2
    for service in OTHERS:
        await apart.hear(receipt(told[-1].erasure_id), of=service)
    assert (await apart.call("GET", f"{PATH}/{told[-1].erasure_id}")).body["state"] == "done"
    assert (await apart.look("C31")).state == "kept"


async def test_C31_even_one_restored_document_of_any_collection_is_gone(apart: House, planter: Planter) -> None:
    ada = await apart.member()
    await apart.call("POST", "/v1/identity/app-passwords", {"label": "laptop"}, by=ada, once=True)
    event = await raw_of(apart, planter, "security_events", {"account_id": ada.account_id})
    app_password = await raw_of(apart, planter, "app_passwords", {"account_id": ada.account_id})
    await erased(apart, ada)
    await planter.plant(apart.chassis.db, "app_passwords", app_password)
    await replayed(apart, planter, "app_passwords")
    await planter.plant(apart.chassis.db, "security_events", event)
    await replayed(apart, planter, "security_events")


async def test_C31_the_ledger_holds_keyed_hashes_and_leaves_the_living_alone(apart: House, planter: Planter) -> None:
    ada, eve = await apart.member(), await apart.member("eve")
    await erased(apart, ada)
    [row] = await planter.raw(apart.chassis.db, ErasedAccount.collection)
    assert ada.account_id not in str(row)
    assert set(row) == {"_id", "erased_at"}
    backup = await raw_of(apart, planter, "accounts", {"_id": eve.account_id})
    await planter.plant(
        apart.chassis.db, "accounts", {**backup, "_id": ada.account_id, "username": "u", "email_index": "i"}
    )
    await replayed(apart, planter, "accounts")
    assert (await apart.call("GET", "/v1/identity/me", by=eve)).status == 200
    assert await apart.facts(identity_v1.ErasureRequested, about=eve.account_id) == []
