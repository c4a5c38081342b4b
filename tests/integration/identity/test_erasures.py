"""Erasures: closed at once, receipts of all six services, nothing left, whatever dies in between (C31)."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from services.identity.domain.privacy_requests.lifecycle import OTHER_SERVICES, SERVICES
from services.identity.store import (
    AccountDocument,
    CredentialDocument,
    ErasureRequests,
    ExportDocument,
    SessionDocument,
)
from shared.contracts import identity_v1
from shared.crypto import SubjectKeyDocument
from shared.policy import Purpose
from tests.integration.identity.fake_services import receipt
from tests.integration.identity.harness import IdentityHarness, Person, Reply, new_person
from tests.support import RawWriter
from tests.support.fake_services import until

PATH = "/v1/identity/erasures"


async def begun(identity: IdentityHarness, ada: Person) -> str:
    asked = await identity.call("POST", PATH, {"password": ada.password}, by=ada, once=True)
    assert (asked.status, asked.body.get("state")) == (202, "running"), asked
    return str(asked.body["erasure_id"])


async def told(identity: IdentityHarness, erasure_id: str) -> Reply:
    return await identity.call("GET", f"{PATH}/{erasure_id}")


async def completed(identity: IdentityHarness, erasure_id: str, *services: str) -> None:
    for service in services:
        await identity.record_events(receipt(erasure_id), of=service)


async def test_C31_an_erasure_is_done_when_all_six_receipts_are_in(identity: IdentityHarness) -> None:
    ada = await identity.member()
    erasure_id = await begun(identity, ada)
    await identity.record_events(receipt(erasure_id, erased=0, kept="3 charges without your name"), of="payments")
    await completed(identity, erasure_id, *(set(OTHER_SERVICES) - {"payments"}))
    done = await told(identity, erasure_id)
    assert done.body["state"] == "completed"
    receipts = {one["service"]: one for one in done.body["receipts"]}
    assert set(receipts) == set(SERVICES)
    [kept] = receipts["payments"]["retained_items"]
    assert (kept["description"], kept["reason"]) == ("3 charges without your name", "bookkeeping duties")
    assert (
        receipts["identity"]["erased_counts"]["accounts"] == receipts["identity"]["erased_counts"]["subject_keys"] == 1
    )
    [fact] = await identity.events(identity_v1.AccountErased, about=ada.account_id)
    assert fact.erasure_id == erasure_id


async def test_C31_nothing_of_the_account_is_left(identity: IdentityHarness, planter: RawWriter) -> None:
    ada = await identity.member()
    await identity.call("POST", "/v1/identity/app-passwords", {"label": "laptop"}, by=ada, once=True)
    await identity.call("POST", "/v1/identity/exports", by=ada, once=True)
    found = await identity.chassis.db.get_collection(AccountDocument).get(ada.account_id)
    assert found is not None
    await completed(identity, await begun(identity, ada), *OTHER_SERVICES)
    left = []
    for kind in identity.parts.documents:
        rows = str(await planter.read_raw(identity.chassis.db, kind.collection))
        left += [kind.collection for mark in (ada.account_id, found.email_index, found.username) if mark in rows]
    assert left == []
    assert await identity.chassis.db.get_collection(SubjectKeyDocument).get(ada.account_id) is None


async def test_the_account_is_closed_at_once_and_the_address_free(identity: IdentityHarness) -> None:
    ada = await identity.member()
    made = await identity.call("POST", "/v1/identity/app-passwords", {"label": "laptop"}, by=ada, once=True)
    await begun(identity, ada)
    assert (await identity.call("GET", "/v1/identity/me", by=ada)).code == "auth.session.revoked"
    body = {"email": ada.email, "password": ada.password}
    assert (await identity.call("POST", "/v1/identity/sessions", body)).status == 401
    request = identity_v1.CredentialVerifyRequest(
        username=made.body["username"], app_password=made.body["app_password"]
    )
    assert not (await identity.call_rpc("identity.credential.verify", request, purpose=Purpose.SYNC)).accepted
    await identity.ask_for_account(ada)
    proof = await identity.call("POST", "/v1/identity/verifications", {"token": await identity.emailed_token(ada)})
    assert proof.status == 200
    assert proof.body["account_id"] != ada.account_id


async def test_I02_an_erased_account_refreshes_nothing(identity: IdentityHarness) -> None:
    ada = await identity.member()
    erasure_id = await begun(identity, ada)
    assert (await identity.refresh(ada.refresh)).body["error"] == "invalid_grant"
    await completed(identity, erasure_id, *OTHER_SERVICES)
    assert (await identity.refresh(ada.refresh)).body["error"] == "invalid_grant"


async def test_a_notice_that_is_owed_still_finds_the_address_until_the_last_receipt(identity: IdentityHarness) -> None:
    ada = await identity.member()
    erasure_id = await begun(identity, ada)
    request = identity_v1.ContactResolveRequest(account_id=ada.account_id, basis="dis_1")
    during = await identity.call_rpc("identity.contact.resolve", request, purpose=Purpose.LEGAL_DISCLOSURE)
    assert during.email == ada.email
    await completed(identity, erasure_id, *OTHER_SERVICES)
    assert not (await identity.call_rpc("identity.contact.resolve", request, purpose=Purpose.LEGAL_DISCLOSURE)).found


async def test_the_owner_is_told_by_mail(identity: IdentityHarness) -> None:
    ada = await identity.member()
    erasure_id = await begun(identity, ada)
    await completed(identity, erasure_id, *OTHER_SERVICES)
    [letter] = [one for one in await identity.emails_to(ada.email) if one.kind == "identity.erasure_started"]
    assert f"http://candor.example/account/erasures/{erasure_id}" in letter.text


async def test_it_takes_the_password(identity: IdentityHarness) -> None:
    ada = await identity.member()
    for password in ("", "not it, whatever it may be"):
        refused = await identity.call("POST", PATH, {"password": password}, by=ada, once=True)
        assert (refused.status, refused.code) == (403, "identity.password.incorrect")
    assert (await identity.call("GET", "/v1/identity/me", by=ada)).status == 200


async def test_receipts_that_come_at_once_twice_or_from_nowhere_do_no_harm(identity: IdentityHarness) -> None:
    ada = await identity.member()
    erasure_id = await begun(identity, ada)
    await asyncio.gather(*(completed(identity, erasure_id, service, service) for service in OTHER_SERVICES))
    await identity.record_events(receipt(erasure_id, erased=7), of="sync")
    await identity.record_events(receipt("era_unknown"), of="sync")
    done = await told(identity, erasure_id)
    assert done.body["state"] == "completed"
    assert next(one for one in done.body["receipts"] if one["service"] == "sync")["erased_counts"] == {"things": 1}
    assert len(await identity.events(identity_v1.AccountErased, about=ada.account_id)) == 1


async def test_of_the_last_two_receipts_at_once_one_sees_that_it_is_the_last(identity: IdentityHarness) -> None:
    ada = await identity.member()
    erasure_id = await begun(identity, ada)
    *early, one, other = OTHER_SERVICES
    await completed(identity, erasure_id, *early)
    erasures, both_began = ErasureRequests(identity.chassis.db), asyncio.Barrier(2)

    async def give(service: str) -> set[str]:
        async def work() -> set[str]:
            await erasures.record_receipt(erasure_id, service, {}, (), at=identity.clock())
            with suppress(TimeoutError, asyncio.BrokenBarrierError):
                async with asyncio.timeout(0.3):
                    await both_began.wait()
            return await erasures.pending_services(erasure_id)

        return await identity.chassis.db.with_transaction(work)

    assert {"identity"} in await asyncio.gather(give(one), give(other))


async def test_a_silent_service_is_asked_again_and_the_erasure_waits(identity: IdentityHarness) -> None:
    ada = await identity.member()
    erasure_id = await begun(identity, ada)
    await completed(identity, erasure_id, "sync", "payments")
    assert len(await identity.events(identity_v1.ErasureRequested, about=ada.account_id)) == 1
    identity.clock.advance(timedelta(minutes=5))

    async def asked_again() -> bool:
        return len(await identity.events(identity_v1.ErasureRequested, about=ada.account_id)) == 2

    async with identity.run_workers("purge-expired"):
        assert await until(asked_again)
    assert (await told(identity, erasure_id)).body["state"] == "running"


async def test_what_slips_in_while_the_account_closes_goes_with_the_rest(identity: IdentityHarness) -> None:
    ada = await identity.member()
    erasure_id = await begun(identity, ada)
    late = {"account_id": ada.account_id, "created_at": identity.clock(), "last_seen_at": identity.clock()}
    sessions = identity.chassis.db.get_collection(SessionDocument)
    await sessions.insert_one(SessionDocument(id=f"ses_{ada.account_id}", client="An app", generation=0, **late))
    await completed(identity, erasure_id, *OTHER_SERVICES)
    for kind in (SessionDocument, CredentialDocument, ExportDocument):
        assert await identity.chassis.db.get_collection(kind).count_documents({"account_id": ada.account_id}) == 0


@pytest.mark.parametrize("name", ["era_unknown", "x", "."])
async def test_nobody_guesses_an_erasure(identity: IdentityHarness, name: str) -> None:
    assert (await told(identity, name)).status == 404


async def test_staff_and_strangers_erase_nobody(identity: IdentityHarness) -> None:
    body = {"password": new_person().password}
    assert (await identity.call("POST", PATH, body, by=identity.staff["admin"], once=True)).status == 403
    assert (await identity.call("POST", PATH, body, once=True)).status == 401
