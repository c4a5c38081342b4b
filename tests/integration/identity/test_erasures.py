"""Erasures: closed at once, receipts of all six services, nothing left, whatever dies in between (C31)."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from services.identity.domain.requests import OTHERS, SERVICES
from services.identity.store import Account, Credential, Erasures, Export, Session
from shared.contracts import identity_v1
from shared.crypto import SubjectKey
from shared.policy import Purpose
from tests.integration.identity.house import House, Person, Reply, somebody
from tests.integration.identity.others import receipt
from tests.support import Planter
from tests.support.neighbours import until

PATH = "/v1/identity/erasures"


async def begun(identity: House, ada: Person) -> str:
    asked = await identity.call("POST", PATH, {"password": ada.password}, by=ada, once=True)
    assert (asked.status, asked.body.get("state")) == (202, "running"), asked
    return str(asked.body["erasure_id"])


async def told(identity: House, erasure_id: str) -> Reply:
    return await identity.call("GET", f"{PATH}/{erasure_id}")


async def completed(identity: House, erasure_id: str, *services: str) -> None:
    for service in services:
        await identity.hear(receipt(erasure_id), of=service)


async def test_C31_an_erasure_is_done_when_all_six_receipts_are_in(identity: House) -> None:
    ada = await identity.member()
    erasure_id = await begun(identity, ada)
    await identity.hear(receipt(erasure_id, erased=0, kept="3 charges without your name"), of="payments")
    await completed(identity, erasure_id, *(set(OTHERS) - {"payments"}))
    done = await told(identity, erasure_id)
    assert done.body["state"] == "done"
    receipts = {one["service"]: one for one in done.body["receipts"]}
    assert set(receipts) == set(SERVICES)
    [kept] = receipts["payments"]["kept"]
    assert (kept["what"], kept["why"]) == ("3 charges without your name", "bookkeeping duties")
    assert receipts["identity"]["erased"]["accounts"] == receipts["identity"]["erased"]["subject_keys"] == 1
    [fact] = await identity.facts(identity_v1.AccountErased, about=ada.account_id)
    assert fact.erasure_id == erasure_id


async def test_C31_nothing_of_the_account_is_left(identity: House, planter: Planter) -> None:
    ada = await identity.member()
    await identity.call("POST", "/v1/identity/app-passwords", {"label": "laptop"}, by=ada, once=True)
    await identity.call("POST", "/v1/identity/exports", by=ada, once=True)
    found = await identity.chassis.db.collection(Account).get(ada.account_id)
    assert found is not None
    await completed(identity, await begun(identity, ada), *OTHERS)
    left = []
    for kind in identity.parts.documents:
        rows = str(await planter.raw(identity.chassis.db, kind.collection))
        left += [kind.collection for mark in (ada.account_id, found.email_index, found.username) if mark in rows]
    assert left == []
    assert await identity.chassis.db.collection(SubjectKey).get(ada.account_id) is None


async def test_the_account_is_closed_at_once_and_the_address_free(identity: House) -> None:
    ada = await identity.member()
    made = await identity.call("POST", "/v1/identity/app-passwords", {"label": "laptop"}, by=ada, once=True)
    await begun(identity, ada)
    assert (await identity.call("GET", "/v1/identity/me", by=ada)).code == "auth.session_ended"
    body = {"email": ada.email, "password": ada.password}
    assert (await identity.call("POST", "/v1/identity/sessions", body)).status == 401
    request = identity_v1.CredentialVerifyRequest(
        username=made.body["username"], app_password=made.body["app_password"]
    )
    assert not (await identity.ask("identity.credential.verify", request, purpose=Purpose.SYNC)).accepted
    await identity.ask_for_account(ada)
    proof = await identity.call("POST", "/v1/identity/verifications", {"token": await identity.token_mailed_to(ada)})
    assert proof.status == 200
    assert proof.body["account_id"] != ada.account_id


async def test_I02_an_erased_account_refreshes_nothing(identity: House) -> None:
    ada = await identity.member()
    erasure_id = await begun(identity, ada)
    assert (await identity.refresh(ada.refresh)).body["error"] == "invalid_grant"
    await completed(identity, erasure_id, *OTHERS)
    assert (await identity.refresh(ada.refresh)).body["error"] == "invalid_grant"


async def test_a_notice_that_is_owed_still_finds_the_address_until_the_last_receipt(identity: House) -> None:
    ada = await identity.member()
    erasure_id = await begun(identity, ada)
    request = identity_v1.ContactResolveRequest(account_id=ada.account_id, basis="dis_1")
    during = await identity.ask("identity.contact.resolve", request, purpose=Purpose.LEGAL_DISCLOSURE)
    assert during.email == ada.email
    await completed(identity, erasure_id, *OTHERS)
    assert not (await identity.ask("identity.contact.resolve", request, purpose=Purpose.LEGAL_DISCLOSURE)).found


async def test_the_owner_is_told_by_mail(identity: House) -> None:
    ada = await identity.member()
    erasure_id = await begun(identity, ada)
    await completed(identity, erasure_id, *OTHERS)
    [letter] = [one for one in await identity.letters_to(ada.email) if one.kind == "identity.erasure_begun"]
    assert f"http://candor.example/account/erasures/{erasure_id}" in letter.text


async def test_it_takes_the_password(identity: House) -> None:
    ada = await identity.member()
    for password in ("", "not it, whatever it may be"):
        refused = await identity.call("POST", PATH, {"password": password}, by=ada, once=True)
        assert (refused.status, refused.code) == (403, "identity.password.wrong")
    assert (await identity.call("GET", "/v1/identity/me", by=ada)).status == 200


async def test_receipts_that_come_at_once_twice_or_from_nowhere_do_no_harm(identity: House) -> None:
    ada = await identity.member()
    erasure_id = await begun(identity, ada)
    await asyncio.gather(*(completed(identity, erasure_id, service, service) for service in OTHERS))
    await identity.hear(receipt(erasure_id, erased=7), of="sync")
    await identity.hear(receipt("era_unknown"), of="sync")
    done = await told(identity, erasure_id)
    assert done.body["state"] == "done"
    assert next(one for one in done.body["receipts"] if one["service"] == "sync")["erased"] == {"things": 1}
    assert len(await identity.facts(identity_v1.AccountErased, about=ada.account_id)) == 1


async def test_of_the_last_two_receipts_at_once_one_sees_that_it_is_the_last(identity: House) -> None:
    ada = await identity.member()
    erasure_id = await begun(identity, ada)
    *early, one, other = OTHERS
    await completed(identity, erasure_id, *early)
    erasures, both_began = Erasures(identity.chassis.db), asyncio.Barrier(2)

    async def give(service: str) -> set[str]:
        async def work() -> set[str]:
            await erasures.receive(erasure_id, service, {}, (), at=identity.clock())
            with suppress(TimeoutError, asyncio.BrokenBarrierError):
                async with asyncio.timeout(0.3):
                    await both_began.wait()
            return await erasures.awaited(erasure_id)

        return await identity.chassis.db.transact(work)

    assert {"identity"} in await asyncio.gather(give(one), give(other))


async def test_a_silent_service_is_asked_again_and_the_erasure_waits(identity: House) -> None:
    ada = await identity.member()
    erasure_id = await begun(identity, ada)
    await completed(identity, erasure_id, "sync", "payments")
    assert len(await identity.facts(identity_v1.ErasureRequested, about=ada.account_id)) == 1
    identity.clock.advance(timedelta(minutes=5))

    async def asked_again() -> bool:
        return len(await identity.facts(identity_v1.ErasureRequested, about=ada.account_id)) == 2

    async with identity.working("tidy"):
        assert await until(asked_again)
    assert (await told(identity, erasure_id)).body["state"] == "running"


async def test_what_slips_in_while_the_account_closes_goes_with_the_rest(identity: House) -> None:
    ada = await identity.member()
    erasure_id = await begun(identity, ada)
    late = {"account_id": ada.account_id, "created_at": identity.clock(), "last_seen_at": identity.clock()}
    sessions = identity.chassis.db.collection(Session)
    await sessions.insert(Session(id=f"ses_{ada.account_id}", client="An app", generation=0, **late))
    await completed(identity, erasure_id, *OTHERS)
    for kind in (Session, Credential, Export):
        assert await identity.chassis.db.collection(kind).count({"account_id": ada.account_id}) == 0


@pytest.mark.parametrize("name", ["era_unknown", "x", "."])
async def test_nobody_guesses_an_erasure(identity: House, name: str) -> None:
    assert (await told(identity, name)).status == 404


async def test_staff_and_strangers_erase_nobody(identity: House) -> None:
    body = {"password": somebody().password}
    assert (await identity.call("POST", PATH, body, by=identity.staff["admin"], once=True)).status == 403
    assert (await identity.call("POST", PATH, body, once=True)).status == 401
