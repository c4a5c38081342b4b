"""Passwords that are changed and forgotten: one function for every path, and what was begun with the old one ends."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.identity.store import PasswordResetDocument, PasswordResetRequestDocument
from tests.integration.identity.harness import IdentityHarness, Person, Reply, new_person
from tests.integration.identity.second_factors import SESSIONS, TOTP, with_totp
from tests.integration.identity.staff_actions import request_action
from tests.support.fake_services import until

CHANGE = "/v1/identity/password-changes"
RESETS = "/v1/identity/password-resets"
DONE = f"{RESETS}/confirmations"
NEW = "seven lanterns along the quiet shore"
WEAK = ["short", "passwordpassword", "candor candor candor", "0123456789012345", "x" * 257]


async def change(identity: IdentityHarness, ada: Person, old: str, new: str) -> Reply:
    return await identity.call("POST", CHANGE, {"old_password": old, "new_password": new}, by=ada)


async def link_for(identity: IdentityHarness, email: str) -> str:
    """Ask for a reset and return the token that was mailed."""
    asked = await identity.call("POST", RESETS, {"email": email})
    assert asked.status == 202, asked

    async def taken() -> bool:
        return await identity.chassis.db.get_collection(PasswordResetRequestDocument).count_documents({}) == 0

    async with identity.run_workers("send-password-resets"):
        await until(taken)
    [*_, letter] = [one for one in await identity.emails_to(email) if one.kind == "identity.password_reset"]
    assert "http://candor.example/account/reset-password?token=" in letter.text
    return letter.text.partition("token=")[2].split()[0]


async def status(identity: IdentityHarness, person: Person) -> int:
    return (await identity.call("GET", "/v1/identity/me", by=person)).status


async def test_I01_a_changed_password_ends_all_other_sessions(identity: IdentityHarness) -> None:
    ada = await identity.member()
    here = await identity.log_in(ada)
    made = await identity.call("POST", "/v1/identity/app-passwords", {"label": "laptop"}, by=here, once=True)
    done = await change(identity, here, ada.password, NEW)
    assert (done.status, done.body["revoked_sessions"]) == (200, 1)
    assert [one["app_password_id"] for one in done.body["app_passwords"]] == [made.body["app_password_id"]]
    assert (await status(identity, ada), await status(identity, here)) == (401, 200)
    assert (await identity.refresh(ada.refresh)).body["error"] == "invalid_grant"
    body = {"email": ada.email, "password": ada.password}
    assert (await identity.call("POST", SESSIONS, body)).code == "identity.login.invalid_credentials"
    assert (await identity.log_in(replace(ada, password=NEW))).account_id == ada.account_id
    assert (await identity.emails_to(ada.email))[-1].kind == "identity.password_changed"


async def test_a_change_takes_the_old_password_and_a_recent_log_in(identity: IdentityHarness) -> None:
    ada = await identity.member()
    assert (await change(identity, ada, "not it, whatever it may be", NEW)).code == "identity.password.incorrect"
    identity.clock.advance(timedelta(minutes=16))
    ada.access = (await identity.refresh(ada.refresh)).body["access_token"]
    assert (await change(identity, ada, ada.password, NEW)).code == "auth.session.reauthentication_required"


@pytest.mark.parametrize("weak", WEAK)
async def test_I21_no_path_takes_a_weak_password(identity: IdentityHarness, weak: str) -> None:
    ada, token = await identity.member(), ""
    token = await link_for(identity, ada.email)
    paths = [
        await identity.ask_for_account(replace(new_person(), password=weak)),
        await change(identity, ada, ada.password, weak),
        await identity.call("POST", DONE, {"token": token, "password": weak}),
    ]
    assert [reply.code for reply in paths] == ["identity.new_password.invalid"] * 3


@pytest.mark.parametrize(("password", "code"), [("kelp7Fjord", 200), ("superman1", 422), ("2short!", 422)])
async def test_eight_characters_do_with_a_second_factor(identity: IdentityHarness, password: str, code: int) -> None:
    ada = await identity.member()
    assert (await change(identity, ada, ada.password, password)).status == 422
    await with_totp(identity, ada)
    assert (await change(identity, ada, ada.password, password)).status == code


async def test_a_short_password_keeps_its_second_factor(identity: IdentityHarness) -> None:
    ada = await identity.member()
    await with_totp(identity, ada)
    await change(identity, ada, ada.password, "kelp7Fjord")
    assert (await identity.call("DELETE", TOTP, by=ada)).code == "identity.password.too_short_without_second_factor"
    assert (await identity.call("GET", "/v1/identity/second-factors", by=ada)).body["totp_enrolled_at"] is not None
    await change(identity, ada, "kelp7Fjord", NEW)
    assert (await identity.call("DELETE", TOTP, by=ada)).status == 204


async def test_I01_a_reset_ends_every_session_and_tells_the_owner(identity: IdentityHarness) -> None:
    ada = await identity.member()
    token = await link_for(identity, ada.email)
    assert (await identity.call("POST", DONE, {"token": token, "password": NEW})).status == 204
    assert await status(identity, ada) == 401
    assert (await identity.refresh(ada.refresh)).body["error"] == "invalid_grant"
    assert (await identity.log_in(replace(ada, password=NEW))).account_id == ada.account_id
    assert (await identity.emails_to(ada.email))[-1].kind == "identity.password_reset_completed"


async def test_a_link_works_once_for_half_an_hour_and_unaltered(identity: IdentityHarness) -> None:
    ada = await identity.member()
    token = await link_for(identity, ada.email)
    bodies: list[dict[str, Any]] = [{"token": token[:size], "password": NEW} for size in range(1, len(token))]
    bodies += [{"token": token[:at] + "~" + token[at + 1 :], "password": NEW} for at in range(0, len(token), 4)]
    for body in bodies:
        assert (await identity.call("POST", DONE, body)).code == "identity.password_reset_token.invalid"
    both = await asyncio.gather(*(identity.call("POST", DONE, {"token": token, "password": NEW}) for _ in range(3)))
    assert sorted(reply.status for reply in both) == [204, 400, 400]
    identity.clock.advance(timedelta(minutes=2))
    late = await link_for(identity, ada.email)
    identity.clock.advance(timedelta(minutes=30))
    assert (await identity.call("POST", DONE, {"token": late, "password": NEW})).status == 400


async def test_a_changed_password_voids_the_links_that_are_under_way(identity: IdentityHarness) -> None:
    ada = await identity.member()
    token = await link_for(identity, ada.email)
    assert (await change(identity, ada, ada.password, NEW)).status == 200
    assert (await identity.call("POST", DONE, {"token": token, "password": NEW})).status == 400


async def test_I12_a_reset_leads_round_no_second_factor(identity: IdentityHarness) -> None:
    ada = await identity.member()
    await with_totp(identity, ada)
    token = await link_for(identity, ada.email)
    assert (await identity.call("POST", DONE, {"token": token, "password": NEW})).status == 204
    refused = await identity.call("POST", SESSIONS, {"email": ada.email, "password": NEW})
    assert refused.code == "identity.login.second_factor_required"


async def test_I14_I15_a_known_and_an_unknown_address_get_the_same_answer_and_the_same_work(
    identity: IdentityHarness,
) -> None:
    ada, unknown = await identity.member(), new_person()
    replies = [await identity.call("POST", RESETS, {"email": one.email}) for one in (ada, unknown)]
    assert (replies[0].status, replies[0].body) == (replies[1].status, replies[1].body)
    # Both have left one row of one form: whether there is an account is looked up after the answer.
    assert await identity.chassis.db.get_collection(PasswordResetRequestDocument).count_documents({}) == 2
    assert (
        await identity.chassis.db.get_collection(PasswordResetDocument).count_documents({"account_id": ada.account_id})
        == 0
    )
    async with identity.run_workers("send-password-resets"):
        await until(lambda: _none_left(identity))
    assert await identity.emails_to(unknown.email) == []
    assert [one.kind for one in await identity.emails_to(ada.email)][-1] == "identity.password_reset"


async def _none_left(identity: IdentityHarness) -> bool:
    return await identity.chassis.db.get_collection(PasswordResetRequestDocument).count_documents({}) == 0


async def test_I16_strangers_cannot_make_us_write_resets_again_and_again(identity: IdentityHarness) -> None:
    ada = await identity.member()
    await asyncio.gather(*(identity.call("POST", RESETS, {"email": ada.email}) for _ in range(10)))
    async with identity.run_workers("send-password-resets"):
        await until(lambda: _none_left(identity))
    assert [one.kind for one in await identity.emails_to(ada.email)].count("identity.password_reset") == 1


@pytest.mark.parametrize("name", ["Host", "X-Forwarded-Host", "Forwarded", "X-Forwarded-Proto"])
async def test_I07_no_header_decides_the_link_of_a_reset(identity: IdentityHarness, name: str) -> None:
    ada = await identity.member()
    await identity.call("POST", RESETS, {"email": ada.email}, headers={name: "evil.example"})
    async with identity.run_workers("send-password-resets"):
        await until(lambda: _none_left(identity))
    assert "evil" not in (await identity.emails_to(ada.email))[-1].text


async def test_the_passwords_of_the_staff_are_the_operators_matter(identity: IdentityHarness) -> None:
    email = identity.staff["support"].email
    assert (await identity.call("POST", RESETS, {"email": email})).status == 202
    async with identity.run_workers("send-password-resets"):
        await until(lambda: _none_left(identity))
    assert await identity.emails_to(email) == []
    assert (await change(identity, identity.staff["support"], identity.staff["support"].password, NEW)).status == 403


async def test_a_frozen_account_takes_no_new_password(identity: IdentityHarness) -> None:
    ada = await identity.member()
    token = await link_for(identity, ada.email)
    rows = identity.chassis.db.get_collection(PasswordResetDocument)
    kept = await rows.find_one({"account_id": ada.account_id})
    assert (await request_action(identity, "freeze", ada)).status == 201
    assert kept is not None
    await rows.insert_one(kept)  # as if it had been sent at the same moment
    refused = await identity.call("POST", DONE, {"token": token, "password": NEW})
    assert (refused.status, refused.code) == (403, "identity.account.frozen")
    identity.clock.advance(timedelta(minutes=2))
    letters = len(await identity.emails_to(ada.email))
    assert (await identity.call("POST", RESETS, {"email": ada.email})).status == 202
    requests = identity.chassis.db.get_collection(PasswordResetRequestDocument)

    async def taken() -> bool:
        return await requests.count_documents({}) == 0

    async with identity.run_workers("send-password-resets"):
        assert await until(taken)
    assert len(await identity.emails_to(ada.email)) == letters
