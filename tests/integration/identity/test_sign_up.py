"""From the age screen to a proven address."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import pytest

from services.identity.store import SignUpDocument
from shared.contracts import identity_v1
from shared.mongo import Document
from tests.integration.identity.harness import ADULT, IdentityHarness, new_person
from tests.support.fake_services import until
from tests.support.logs import logs_of

CHILD = {"birth_year": 2020, "birth_month": 5}
SIGN_UP = "/v1/identity/accounts"


async def counts(identity: IdentityHarness) -> Mapping[str, int]:
    kinds: list[type[Document]] = [*identity.parts.documents]
    return {kind.collection: await identity.chassis.db.get_collection(kind).count_documents({}) for kind in kinds}


async def test_a_proven_address_is_an_account_that_can_log_in(identity: IdentityHarness) -> None:
    ada = await identity.member()
    me = await identity.call("GET", "/v1/identity/me", by=ada)
    assert (me.body["email"], me.body["account_id"], me.body["roles"]) == (ada.email, ada.account_id, [])
    [fact] = await identity.events(identity_v1.AccountVerified, about=ada.account_id)
    assert fact.account_id == ada.account_id


async def test_nobody_logs_in_before_the_address_is_proven(identity: IdentityHarness) -> None:
    ada = new_person()
    await identity.ask_for_account(ada)
    body = {"email": ada.email, "password": ada.password}
    assert (await identity.call("POST", "/v1/identity/sessions", body)).code == "identity.login.invalid_credentials"


async def test_a_link_proves_once_and_for_half_an_hour(identity: IdentityHarness) -> None:
    ada, eve = new_person(), new_person("eve")
    await identity.ask_for_account(ada)
    token = {"token": await identity.emailed_token(ada)}
    assert (await identity.call("POST", "/v1/identity/verifications", token)).status == 200
    assert (
        await identity.call("POST", "/v1/identity/verifications", token)
    ).code == "identity.verification_token.invalid"
    await identity.ask_for_account(eve)
    late = {"token": await identity.emailed_token(eve)}
    identity.clock.advance(timedelta(minutes=30))
    assert (
        await identity.call("POST", "/v1/identity/verifications", late)
    ).code == "identity.verification_token.invalid"


async def test_a_proof_settles_every_sign_up_of_the_address(identity: IdentityHarness) -> None:
    ada = new_person()
    await identity.ask_for_account(ada)
    first = await identity.emailed_token(ada)
    identity.clock.advance(timedelta(minutes=2))
    await identity.ask_for_account(ada)
    proof = await identity.call("POST", "/v1/identity/verifications", {"token": await identity.emailed_token(ada)})
    assert proof.status == 200
    assert (await identity.call("POST", "/v1/identity/verifications", {"token": first})).status == 400
    assert proof.body["account_id"] not in str(await identity.chassis.db.get_collection(SignUpDocument).list({}))
    identity.clock.advance(timedelta(hours=1))
    async with identity.run_workers("purge-expired"):
        await asyncio.sleep(0.3)
    assert (await identity.call("GET", "/v1/identity/me", by=await identity.log_in(ada))).body["email"] == ada.email


async def test_I15_the_answer_is_the_same_whether_or_not_the_address_has_an_account(identity: IdentityHarness) -> None:
    ada, stranger = await identity.member(), new_person()
    for password in (ada.password, "short", "passwordpassword"):
        ada.password = stranger.password = password
        known, new = await identity.ask_for_account(ada), await identity.ask_for_account(stranger)
        known.body.pop("instance", None), new.body.pop("instance", None)
        assert (known.status, known.body) == (new.status, new.body)
    [told] = [letter for letter in await identity.emails_to(ada.email) if letter.kind != "identity.verification"]
    assert told.kind == "identity.already_registered"
    assert "token=" not in told.text


async def test_I16_strangers_cannot_make_us_write_to_an_address_again_and_again(identity: IdentityHarness) -> None:
    ada = new_person()
    replies = await asyncio.gather(*(identity.ask_for_account(ada) for _ in range(8)))
    assert {reply.status for reply in replies} == {202}
    assert len(await identity.emails_to(ada.email)) == 1
    for _ in range(10):
        identity.clock.advance(timedelta(minutes=2))
        await identity.ask_for_account(ada)
    assert len(await identity.emails_to(ada.email)) == 5


@pytest.mark.parametrize("name", ["Host", "X-Forwarded-Host", "Forwarded", "X-Forwarded-Proto"])
async def test_I07_no_header_decides_a_link(identity: IdentityHarness, name: str) -> None:
    ada = new_person()
    await identity.ask_for_account(ada, headers={name: "evil.example"})
    [letter] = await identity.emails_to(ada.email)
    assert "http://candor.example/account/verify?token=" in letter.text
    assert "evil" not in letter.text


async def test_I22_after_an_answer_under_13_nothing_is_stored_or_logged(identity: IdentityHarness) -> None:
    before = await counts(identity)
    with logs_of("identity") as lines:
        reply = await identity.call("POST", "/v1/identity/age-screens", CHILD)
        body = {
            "age_token": reply.body["age_token"],
            "email": "kid@customers.example",
            "password": "a long pass phrase",
        }
        assert (await identity.call("POST", SIGN_UP, body)).code == "identity.age_token.invalid"
        told = str(lines())
    assert reply.body == {"passed": False, "age_token": ""}
    assert await counts(identity) == before
    assert await identity.emails_to("kid@customers.example") == []
    assert "2020" not in told
    assert "kid@" not in told


async def test_I22_going_back_does_not_open_the_door(identity: IdentityHarness) -> None:
    adult_token = await identity.age_token()
    refused = await identity.call("POST", "/v1/identity/age-screens", CHILD)
    cookie = refused.headers["Set-Cookie"]
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=Lax", "Max-Age=86400"} <= set(cookie.split("; "))
    mark = {"Cookie": cookie.partition(";")[0]}
    again = await identity.call("POST", "/v1/identity/age-screens", ADULT, headers=mark)
    assert again.body == {"passed": False, "age_token": ""}
    body = {"age_token": adult_token, "email": "kid@customers.example", "password": "a long pass phrase"}
    assert (await identity.call("POST", SIGN_UP, body, headers=mark)).code == "identity.sign_up.closed"
    identity.clock.advance(timedelta(hours=24))
    assert (await identity.call("POST", "/v1/identity/age-screens", ADULT, headers=mark)).body["passed"]


async def test_I22_the_screen_says_nothing_about_the_age_that_passes(identity: IdentityHarness) -> None:
    refused = await identity.call("POST", "/v1/identity/age-screens", CHILD)
    assert "13" not in str(refused.body)
    impossible = await identity.call("POST", "/v1/identity/age-screens", {"birth_year": 2100, "birth_month": 1})
    assert impossible.status == 422


async def test_I06_an_age_token_with_any_byte_changed_is_refused(identity: IdentityHarness) -> None:
    token = await identity.age_token()
    for place in range(0, len(token), 7):
        body = {"age_token": _changed(token, place), "email": new_person().email, "password": "a long pass phrase"}
        assert (await identity.call("POST", SIGN_UP, body)).status == 400


async def test_an_age_token_is_good_for_half_an_hour(identity: IdentityHarness) -> None:
    token = await identity.age_token()
    identity.clock.advance(timedelta(minutes=30))
    body = {"age_token": token, "email": new_person().email, "password": "a long pass phrase"}
    assert (await identity.call("POST", SIGN_UP, body)).code == "identity.age_token.invalid"


async def test_what_is_not_asked_for_is_not_taken(identity: IdentityHarness) -> None:
    body = {"age_token": "x", "email": new_person().email, "password": "a long pass phrase", "name": "Ada"}
    assert (await identity.call("POST", SIGN_UP, body)).status == 422


async def test_sign_ups_that_nobody_proves_are_forgotten_with_their_keys(identity: IdentityHarness) -> None:
    ada = new_person()
    await identity.ask_for_account(ada)
    identity.clock.advance(timedelta(hours=1))

    async def forgotten() -> bool:
        return (await counts(identity))["sign_ups"] == 0

    async with identity.run_workers("purge-expired"):
        assert await until(forgotten)


def _changed(text: str, place: int) -> str:
    return text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
