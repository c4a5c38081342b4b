"""The erasure ledger: what a backup brings back of an erased account is gone after the next start (C31)."""

from typing import Any

from services.identity.domain.privacy_requests.lifecycle import OTHER_SERVICES
from services.identity.store import ErasureLedgerEntryDocument, SessionDocument
from shared.contracts import identity_v1
from shared.crypto import SubjectKeyDocument
from tests.integration.identity.fake_services import receipt
from tests.integration.identity.harness import IdentityHarness, Person
from tests.support import RawWriter
from tests.support.fake_services import until

PATH = "/v1/identity/erasures"


async def raw_of(house: IdentityHarness, planter: RawWriter, collection: str, where: dict[str, Any]) -> dict[str, Any]:
    found = await planter.client[house.chassis.db.name][collection].find_one(where)
    assert found is not None
    return dict(found)


async def erased(house: IdentityHarness, ada: Person) -> str:
    asked = await house.call("POST", PATH, {"password": ada.password}, by=ada, once=True)
    erasure_id = str(asked.body["erasure_id"])
    for service in OTHER_SERVICES:
        await house.record_events(receipt(erasure_id), of=service)
    assert (await house.call("GET", f"{PATH}/{erasure_id}")).body["state"] == "completed"
    return erasure_id


async def replayed(house: IdentityHarness, planter: RawWriter, collection: str) -> None:
    """Start the replay and wait until *collection* is as it was."""
    rows = planter.client[house.chassis.db.name][collection]
    before = await rows.count_documents({})

    async def fewer() -> bool:
        return await rows.count_documents({}) < before

    async with house.run_workers("replay-erasures"):
        assert await until(fewer)


async def test_C31_a_restored_account_is_gone_after_the_start_and_all_services_are_told(
    apart: IdentityHarness, planter: RawWriter
) -> None:
    ada = await apart.member()
    backup = {
        name: await raw_of(apart, planter, name, {"_id": ada.account_id}) for name in ("accounts", "subject_keys")
    }
    backup["credentials"] = await raw_of(apart, planter, "credentials", {"account_id": ada.account_id})
    await erased(apart, ada)
    for name, document in backup.items():
        await planter.write_raw(apart.chassis.db, name, document)
    body = {"email": ada.email, "password": ada.password}
    assert (await apart.call("POST", "/v1/identity/sessions", body)).status == 201
    await replayed(apart, planter, "accounts")
    assert (await apart.call("POST", "/v1/identity/sessions", body)).status == 401
    db = apart.chassis.db
    assert await db.get_collection(SubjectKeyDocument).get(ada.account_id) is None
    assert await db.get_collection(SessionDocument).count_documents({"account_id": ada.account_id}) == 0
    told = await apart.events(identity_v1.ErasureRequested, about=ada.account_id)
    assert len({fact.erasure_id for fact in told}) == 2
    for service in OTHER_SERVICES:
        await apart.record_events(receipt(told[-1].erasure_id), of=service)
    assert (await apart.call("GET", f"{PATH}/{told[-1].erasure_id}")).body["state"] == "completed"
    assert (await apart.run_probe("C31")).state == "kept"


async def test_C31_even_one_restored_document_of_any_collection_is_gone(
    apart: IdentityHarness, planter: RawWriter
) -> None:
    ada = await apart.member()
    await apart.call("POST", "/v1/identity/app-passwords", {"label": "laptop"}, by=ada, once=True)
    event = await raw_of(apart, planter, "security_events", {"account_id": ada.account_id})
    app_password = await raw_of(apart, planter, "app_passwords", {"account_id": ada.account_id})
    await erased(apart, ada)
    await planter.write_raw(apart.chassis.db, "app_passwords", app_password)
    await replayed(apart, planter, "app_passwords")
    await planter.write_raw(apart.chassis.db, "security_events", event)
    await replayed(apart, planter, "security_events")


async def test_C31_the_ledger_holds_keyed_hashes_and_leaves_the_living_alone(
    apart: IdentityHarness, planter: RawWriter
) -> None:
    ada, eve = await apart.member(), await apart.member("eve")
    await erased(apart, ada)
    [row] = await planter.read_raw(apart.chassis.db, ErasureLedgerEntryDocument.collection)
    assert ada.account_id not in str(row)
    assert set(row) == {"_id", "erased_at"}
    backup = await raw_of(apart, planter, "accounts", {"_id": eve.account_id})
    await planter.write_raw(
        apart.chassis.db, "accounts", {**backup, "_id": ada.account_id, "username": "u", "email_index": "i"}
    )
    await replayed(apart, planter, "accounts")
    assert (await apart.call("GET", "/v1/identity/me", by=eve)).status == 200
    assert await apart.events(identity_v1.ErasureRequested, about=eve.account_id) == []
