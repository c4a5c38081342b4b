"""Help for owners who are locked out: two people, a wait of days, everyone told, and an objection ends it (C26)."""

import io
import zipfile
from contextlib import suppress
from datetime import timedelta

import pytest

from services.identity.domain.privacy_requests.lifecycle import SERVICES
from services.identity.store import AdminActionDocument
from shared.mail import EmailMessage
from tests.integration.identity.fake_services import FakePeers
from tests.integration.identity.harness import IdentityHarness, Person, Reply, new_person
from tests.integration.identity.second_factors import first_step, passkey_log_in, with_passkey, with_totp
from tests.integration.identity.staff_actions import VERIFIED, approve_action, request_action
from tests.support.fake_services import until

ANNOUNCED = "/v1/identity/announced-actions"
OBJECTIONS = f"{ANNOUNCED}/objections"
WAIT = timedelta(days=5)
KINDS = ("remove_second_factors", "export", "erase")


async def announce(house: IdentityHarness, kind: str, about: Person) -> Reply:
    asked = await request_action(house, kind, about, **VERIFIED)
    assert (asked.status, asked.body["needs_second_person"]) == (201, True), asked
    allowed = await approve_action(house, asked)
    assert (allowed.status, allowed.body["state"]) == (200, "waiting"), allowed
    return allowed


async def let_pass(house: IdentityHarness, wait: timedelta, action: Reply) -> str:
    """Let the time pass, run the worker, and return the state of the action."""
    house.clock.advance(wait)
    rows = house.chassis.db.get_collection(AdminActionDocument)

    async def find() -> AdminActionDocument:
        found = await rows.get(action.body["admin_action_id"])
        assert found is not None
        return found

    async def settled() -> bool:
        return (await find()).state != "waiting"

    async with house.run_workers("resume-and-expire"):
        with suppress(TimeoutError):
            await until(settled, patience=1)
    return (await find()).state


async def letters(house: IdentityHarness, email: str, kind: str) -> list[EmailMessage]:
    return [letter for letter in await house.emails_to(email) if letter.kind == f"identity.{kind}"]


async def objection_token(house: IdentityHarness, email: str) -> str:
    [*_, letter] = await letters(house, email, "action_announced")
    return letter.text.partition("/account/object?token=")[2].split()[0]


async def test_C26_lost_factors_are_removed_after_the_wait(apart: IdentityHarness) -> None:
    ada = await apart.member()
    await with_totp(apart, ada)
    passkey = await with_passkey(apart, ada)
    action = await announce(apart, "remove_second_factors", ada)
    assert (await first_step(apart, ada)).code == "identity.login.second_factor_required"
    assert await let_pass(apart, WAIT, action) == "completed"
    again = await apart.log_in(ada)
    assert again.account_id == ada.account_id
    assert (await apart.call("GET", "/v1/identity/me", by=ada)).status == 401
    assert (await passkey_log_in(apart, passkey)).code == "identity.passkey.invalid"
    assert (await apart.call("GET", "/v1/identity/second-factors", by=again)).body["recovery_codes_left"] == 0
    [told] = await letters(apart, ada.email, "second_factors_removed")
    assert "log in with your password alone" in told.text
    assert (await apart.run_probe("C21")).state == "kept"


async def test_nothing_happens_before_the_wait_is_over(apart: IdentityHarness) -> None:
    ada = await apart.member()
    await with_totp(apart, ada)
    action = await announce(apart, "remove_second_factors", ada)
    assert await let_pass(apart, WAIT - timedelta(minutes=1), action) == "waiting"
    assert (await first_step(apart, ada)).code == "identity.login.second_factor_required"
    assert (await apart.run_probe("C21")).state == "kept"


@pytest.mark.parametrize("kind", KINDS)
async def test_every_address_and_device_is_told_and_one_objection_ends_it(identity: IdentityHarness, kind: str) -> None:
    ada = await identity.member()
    await with_totp(identity, ada)
    old, new = ada.email, new_person().email
    await identity.call("POST", "/v1/identity/email-changes", {"email": new}, by=ada)
    token = {"token": await identity.emailed_token(Person(email=new, password=""))}
    assert (await identity.call("POST", "/v1/identity/email-changes/confirmations", token)).status < 300
    action = await announce(identity, kind, ada)
    [shown] = (await identity.call("GET", ANNOUNCED, by=ada)).body["items"]
    assert (shown["admin_action_id"], shown["kind"]) == (action.body["admin_action_id"], kind)
    log = (await identity.call("GET", "/v1/identity/security-log", by=ada)).body["items"]
    assert "staff_action_announced" in [event["event"] for event in log]
    tokens = {await objection_token(identity, email) for email in (old, new)}
    [objection] = [{"token": one} for one in tokens]
    assert (await identity.call("POST", f"{OBJECTIONS}/by-link", objection)).status == 204
    used = await identity.call("POST", f"{OBJECTIONS}/by-link", objection)
    assert (used.status, used.code) == (400, "identity.objection_token.invalid")
    assert (await identity.call("GET", ANNOUNCED, by=ada)).body["items"] == []
    for email in (old, new):
        assert len(await letters(identity, email, "action_objected")) == 1
    assert (await first_step(identity, Person(email=new, password=ada.password))).status == 401


async def test_a_device_that_is_logged_in_objects_without_the_email(apart: IdentityHarness) -> None:
    ada = await apart.member()
    await with_totp(apart, ada)
    action = await announce(apart, "remove_second_factors", ada)
    assert (await apart.call("POST", OBJECTIONS, by=ada)).status == 204
    assert (await apart.call("POST", OBJECTIONS, by=ada)).code == "identity.objection.nothing_announced"
    assert await let_pass(apart, WAIT, action) == "objected"
    assert (await first_step(apart, ada)).code == "identity.login.second_factor_required"


async def test_a_frozen_account_stays_as_it_is(apart: IdentityHarness) -> None:
    ada = await apart.member()
    await with_totp(apart, ada)
    action = await announce(apart, "remove_second_factors", ada)
    assert (await request_action(apart, "freeze", ada)).status == 201
    assert await let_pass(apart, WAIT, action) == "objected"


async def test_nobody_helps_alone_or_unverified(identity: IdentityHarness) -> None:
    ada = await identity.member()
    for kind in KINDS:
        assert (await request_action(identity, kind, ada)).status == 422
        assert (await request_action(identity, kind, ada, by="disclosure", **VERIFIED)).status == 403
        asked = await request_action(identity, kind, ada, by="admin", **VERIFIED)
        assert (await approve_action(identity, asked, by="admin")).code == "auth.second_person.required"
        assert (await approve_action(identity, asked, by="support")).body["state"] == "waiting"
        twice = await request_action(identity, kind, ada, **VERIFIED)
        assert twice.code == "identity.admin_action.duplicate"


async def test_a_short_password_goes_with_the_factors(apart: IdentityHarness) -> None:
    ada = await apart.member()
    await with_totp(apart, ada)
    body = {"old_password": ada.password, "new_password": "k7#mQ2pX"}
    assert (await apart.call("POST", "/v1/identity/password-changes", body, by=ada)).status < 300
    action = await announce(apart, "remove_second_factors", ada)
    assert await let_pass(apart, WAIT, action) == "completed"
    short = {"email": ada.email, "password": "k7#mQ2pX"}
    assert (await apart.call("POST", "/v1/identity/sessions", short)).code == "identity.login.invalid_credentials"
    [told] = await letters(apart, ada.email, "second_factors_removed")
    assert "/account/forgot-password" in told.text


async def test_C26_an_export_for_a_locked_out_owner_comes_by_link(apart: IdentityHarness, around: FakePeers) -> None:
    ada = await apart.member()
    await with_totp(apart, ada)
    action = await announce(apart, "export", ada)
    assert await let_pass(apart, WAIT, action) == "completed"

    async def mailed() -> bool:
        return bool(await letters(apart, ada.email, "export_link"))

    async with apart.run_workers("collect-exports"):
        assert await until(mailed)
    [letter] = await letters(apart, ada.email, "export_link")
    token = {"token": letter.text.partition("token=")[2].split()[0]}
    assert not await letters(apart, ada.email, "export_ready")
    archive = await apart.call("POST", "/v1/identity/exports/by-link", token)
    assert archive.status == 200
    names = zipfile.ZipFile(io.BytesIO(archive.body)).namelist()
    assert {name.partition("/")[0] for name in names} >= set(SERVICES)
    wrong = await apart.call("POST", "/v1/identity/exports/by-link", {"token": "x" * 43})
    assert (wrong.status, wrong.code) == (400, "identity.export_link.invalid")
    apart.clock.advance(timedelta(days=31))
    assert (await apart.call("POST", "/v1/identity/exports/by-link", token)).status == 400


async def test_C31_an_erasure_for_a_locked_out_owner_reaches_every_service(apart: IdentityHarness) -> None:
    ada = await apart.member()
    action = await announce(apart, "erase", ada)
    assert await let_pass(apart, WAIT, action) == "completed"
    row = await apart.chassis.db.get_collection(AdminActionDocument).get(action.body["admin_action_id"])
    assert row is not None
    assert (await apart.call("GET", f"/v1/identity/erasures/{row.erasure_id}")).body["state"] == "running"
    assert (await letters(apart, ada.email, "erasure_started")) != []


async def test_removing_factors_that_are_not_there_settles_without_effect(apart: IdentityHarness) -> None:
    ada = await apart.member()
    action = await announce(apart, "remove_second_factors", ada)
    assert await let_pass(apart, WAIT, action) == "expired"
    assert (await apart.log_in(ada)).account_id == ada.account_id
