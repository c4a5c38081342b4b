"""What staff does to accounts: by two people, on record, once; never with a password in their hands (C21, C27)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.identity.domain.privacy_requests.lifecycle import OTHER_SERVICES
from services.identity.store import AdminActionDocument, CredentialDocument, PurgedChildDocument
from shared.contracts import common_v1, identity_v1
from shared.policy import Purpose
from shared.web import Route
from tests.integration.identity.fake_services import receipt
from tests.integration.identity.harness import IdentityHarness, Person, new_person
from tests.integration.identity.staff_actions import ACTS, approve_action, carry_out_action, place_hold, request_action
from tests.support.fake_services import until

SESSIONS = "/v1/identity/sessions"


async def log_in_as(house: IdentityHarness, person: Person) -> tuple[int, str]:
    reply = await house.call("POST", SESSIONS, {"email": person.email, "password": person.password})
    return reply.status, reply.body.get("code", "")


async def kinds_of_letters(house: IdentityHarness, person: Person) -> list[str]:
    return [letter.kind for letter in await house.emails_to(person.email)]


async def verified(house: IdentityHarness, username: str, app_password: str) -> bool:
    request = identity_v1.CredentialVerifyRequest(username=username, app_password=app_password)
    return bool((await house.call_rpc("identity.credential.verify", request, purpose=Purpose.SYNC)).accepted)


async def test_C27_a_cancelled_password_its_sessions_and_app_passwords_open_nothing(identity: IdentityHarness) -> None:
    ada = await identity.member()
    made = (await identity.call("POST", "/v1/identity/app-passwords", {"label": "laptop"}, by=ada, once=True)).body
    asked = await request_action(identity, "cancel_password", ada)
    assert (asked.body["state"], asked.body["needs_second_person"]) == ("pending", True)
    assert (await log_in_as(identity, ada))[0] == 201
    assert (await approve_action(identity, asked)).body["state"] == "completed"
    assert await log_in_as(identity, ada) == (401, "identity.login.invalid_credentials")
    assert (await identity.call("GET", "/v1/identity/me", by=ada)).code == "auth.session.revoked"
    assert (await identity.refresh(ada.refresh)).body["error"] == "invalid_grant"
    assert not await verified(identity, made["username"], made["app_password"])


async def test_C27_the_owner_is_told_how_to_set_another_one_and_can(identity: IdentityHarness) -> None:
    ada = await identity.member()
    await carry_out_action(identity, "cancel_password", ada)
    letter = next(one for one in await identity.emails_to(ada.email) if one.kind == "identity.password_cancelled")
    assert "/account/forgot-password" in letter.text
    assert (await identity.call("POST", "/v1/identity/password-resets", {"email": ada.email})).status == 202

    async def mailed() -> bool:
        return "identity.password_reset" in await kinds_of_letters(identity, ada)

    async with identity.run_workers("send-password-resets"):
        assert await until(mailed)
    ada.password = new_person().password
    body = {"token": await identity.emailed_token(ada), "password": ada.password}
    assert (await identity.call("POST", "/v1/identity/password-resets/confirmations", body)).status < 300
    assert (await log_in_as(identity, ada))[0] == 201
    assert (await identity.run_probe("C27")).state == "kept"


def secrets_of(route: Route) -> set[str]:
    """Return the fields that a route takes or shows and that could hold a password."""
    models = [*route.inputs.values(), *([route.replies] if isinstance(route.replies, type) else [])]
    names = {name for model in models for name in model.model_fields}
    return {name for name in names if {"password", "secret", "credential", "code"} & set(name.split("_"))}


def test_C27_no_route_of_the_staff_takes_or_shows_a_password(identity: IdentityHarness) -> None:
    for_staff = [
        route
        for route in identity.parts.routes
        if route.access.rules and {r.kind for r in route.access.rules} == {"staff"}
    ]
    assert len(for_staff) > 10
    told = {route.name: secrets_of(route) for route in for_staff}
    # The secret of a partner's program is no person's password: shown once to the staff who make or rotate it.
    assert {name: found for name, found in told.items() if found} == {
        "create_partner_client": {"client_secret"},
        "rotate_partner_secret": {"client_secret", "previous_secret_expires_at"},
    }


async def test_C24_what_an_act_stores_has_no_room_for_a_password(identity: IdentityHarness) -> None:
    assert not {name for name in AdminActionDocument.model_fields if {"password", "secret"} & set(name.split("_"))}
    ada = await identity.member()
    assert (await request_action(identity, "cancel_password", ada, password="whatever it may be")).status == 422


async def test_C21_two_people_and_whoever_asked_is_not_the_second(identity: IdentityHarness) -> None:
    ada = await identity.member()
    asked = await request_action(identity, "cancel_password", ada, by="admin")
    assert (await approve_action(identity, asked, by="admin")).code == "auth.second_person.required"
    assert (await approve_action(identity, asked, by="disclosure")).code == "identity.admin_action.forbidden"
    assert (await log_in_as(identity, ada))[0] == 201
    assert (await approve_action(identity, asked, by="support")).body["state"] == "completed"


@pytest.mark.parametrize(
    ("kind", "by"), [("cancel_password", "disclosure"), ("place_hold", "support"), ("freeze", "disclosure")]
)
async def test_C21_a_role_asks_for_what_it_is_there_for(identity: IdentityHarness, kind: str, by: str) -> None:
    ada = await identity.member()
    more: dict[str, Any] = {}
    if kind == "place_hold":
        more = {"hold_scope": "account", "hold_until": (identity.clock() + timedelta(days=9)).isoformat()}
    assert (await request_action(identity, kind, ada, by=by, **more)).code == "identity.admin_action.forbidden"


async def test_C21_each_act_stands_in_the_ledger_of_the_account_with_both_people(identity: IdentityHarness) -> None:
    ada = await identity.member()
    act = await carry_out_action(identity, "cancel_password", ada)
    shown = await identity.events(common_v1.PersonalDataAccessed, about=ada.account_id)
    people = {identity.staff["support"].account_id, identity.staff["admin"].account_id}
    assert {one.recipient_id for one in shown} == people
    assert {one.basis for one in shown} == {act.body["admin_action_id"]}


async def test_C21_reading_an_act_is_on_record_and_the_list_names_no_account(identity: IdentityHarness) -> None:
    ada = await identity.member()
    act = await request_action(identity, "cancel_password", ada)
    before = len(await identity.events(common_v1.PersonalDataAccessed, about=ada.account_id))
    listed = await identity.call("GET", f"{ACTS}?state=pending&limit=200", by=identity.staff["disclosure"])
    assert act.body["admin_action_id"] in {one["admin_action_id"] for one in listed.body["items"]}
    assert ada.account_id not in str(listed.body)
    read = await identity.call("GET", f"{ACTS}/{act.body['admin_action_id']}", by=identity.staff["disclosure"])
    assert read.body["account_id"] == ada.account_id
    assert len(await identity.events(common_v1.PersonalDataAccessed, about=ada.account_id)) == before + 1


async def test_an_act_is_done_once_however_many_allow_it_at_once(identity: IdentityHarness) -> None:
    ada = await identity.member()
    asked = await request_action(identity, "cancel_password", ada)
    replies = await asyncio.gather(*(approve_action(identity, asked) for _ in range(5)))
    assert {reply.status for reply in replies} <= {200, 409}
    assert (await kinds_of_letters(identity, ada)).count("identity.password_cancelled") == 1


async def test_the_same_wish_waits_once_and_a_repetition_is_no_second_one(identity: IdentityHarness) -> None:
    ada = await identity.member()
    body = {"kind": "freeze", "account_id": ada.account_id, "reason": "case 1"}
    headers = {"Idempotency-Key": ada.account_id}
    first = await identity.call("POST", ACTS, body, by=identity.staff["support"], headers=headers)
    again = await identity.call("POST", ACTS, body, by=identity.staff["support"], headers=headers)
    assert first.body == again.body
    asked = await request_action(identity, "unfreeze", ada)
    assert asked.status == 201
    assert (await request_action(identity, "unfreeze", ada, by="admin")).code == "identity.admin_action.duplicate"


async def test_what_nobody_allows_in_three_days_is_void(apart: IdentityHarness) -> None:
    ada = await apart.member()
    asked = await request_action(apart, "cancel_password", ada)
    apart.clock.advance(timedelta(hours=72))
    apart.staff["admin"] = await apart.log_in(apart.staff["admin"])
    assert (await approve_action(apart, asked)).code == "identity.admin_action.not_pending"

    async def void() -> bool:
        act = await apart.chassis.db.get_collection(AdminActionDocument).get(asked.body["admin_action_id"])
        return act is not None and act.state == "expired"

    async with apart.run_workers("resume-and-expire"):
        assert await until(void)
    assert (await log_in_as(apart, ada))[0] == 201


async def test_a_refused_act_does_nothing_and_is_settled(identity: IdentityHarness) -> None:
    ada = await identity.member()
    asked = await request_action(identity, "cancel_password", ada)
    path = f"{ACTS}/{asked.body['admin_action_id']}/rejections"
    assert (await identity.call("POST", path, by=identity.staff["admin"], once=True)).body["state"] == "rejected"
    assert (await approve_action(identity, asked)).code == "identity.admin_action.not_pending"
    assert (await log_in_as(identity, ada))[0] == 201


@pytest.mark.parametrize(
    "wrong",
    [
        {"verification": None},
        {"hold_scope": "account"},
        {"new_email": "other@customers.example"},
        {"reason": "ada@customers.example asked"},
        {"kind": "sell"},
    ],
)
async def test_a_wish_without_what_it_needs_is_refused(identity: IdentityHarness, wrong: dict[str, Any]) -> None:
    ada = await identity.member()
    body = {"kind": "cancel_password", "account_id": ada.account_id, "reason": "case 1", "verification": "in_person"}
    assert (await identity.call("POST", ACTS, {**body, **wrong}, by=identity.staff["support"], once=True)).status == 422


async def test_customers_and_strangers_act_on_nobody_and_staff_not_on_staff(identity: IdentityHarness) -> None:
    ada = await identity.member()
    body = {"kind": "freeze", "account_id": ada.account_id, "reason": "case 1"}
    assert (await identity.call("POST", ACTS, body, by=ada, once=True)).status == 403
    assert (await identity.call("POST", ACTS, body, once=True)).status == 401
    assert (await request_action(identity, "freeze", identity.staff["admin"])).code == "identity.account.not_found"
    assert (await request_action(identity, "freeze", "acc_unknown")).code == "identity.account.not_found"


async def test_a_frozen_account_lets_nobody_in_and_says_so_to_its_owner_alone(identity: IdentityHarness) -> None:
    ada = await identity.member()
    made = (await identity.call("POST", "/v1/identity/app-passwords", {"label": "laptop"}, by=ada, once=True)).body
    assert (await request_action(identity, "freeze", ada)).body["state"] == "completed"
    assert await log_in_as(identity, ada) == (403, "identity.account.frozen")
    stranger = Person(email=ada.email, password="not it, whatever it may be")
    assert await log_in_as(identity, stranger) == (401, "identity.login.invalid_credentials")
    assert (await identity.call("GET", "/v1/identity/me", by=ada)).code == "auth.session.revoked"
    assert not await verified(identity, made["username"], made["app_password"])
    assert "identity.account_frozen" in await kinds_of_letters(identity, ada)
    assert (await request_action(identity, "freeze", ada)).code == "identity.admin_action.not_applicable"
    assert (await identity.run_probe("C22")).state == "kept"


async def test_two_people_open_a_frozen_account_again(identity: IdentityHarness) -> None:
    ada = await identity.member()
    await request_action(identity, "freeze", ada)
    asked = await request_action(identity, "unfreeze", ada)
    assert (await log_in_as(identity, ada))[0] == 403
    await approve_action(identity, asked)
    assert (await log_in_as(identity, ada))[0] == 201
    assert (await request_action(identity, "unfreeze", ada)).status == 201
    assert "identity.account_unfrozen" in await kinds_of_letters(identity, ada)


async def test_C26_a_corrected_address_must_prove_itself_first(identity: IdentityHarness) -> None:
    ada, moved = await identity.member(), new_person("moved")
    await carry_out_action(identity, "correct_email", ada, new_email=moved.email)
    assert (await log_in_as(identity, ada))[0] == 201
    token = await identity.emailed_token(moved)
    proof = await identity.call("POST", "/v1/identity/email-changes/confirmations", {"token": token})
    assert proof.status < 300, proof
    assert (await log_in_as(identity, Person(email=moved.email, password=ada.password)))[0] == 201


async def test_C21_nobody_allows_a_new_address_unseen_and_the_look_is_on_record(identity: IdentityHarness) -> None:
    ada, moved = await identity.member(), new_person("moved")
    requested = await request_action(identity, "correct_email", ada, new_email=moved.email)
    path = f"{ACTS}/{requested.body['admin_action_id']}"
    seen = {
        role: (await identity.call("GET", path, by=identity.staff[role])).body["new_email"]
        for role in ("support", "admin", "disclosure")
    }
    assert seen == {"support": moved.email, "admin": moved.email, "disclosure": None}
    told = [set(fact.fields) for fact in await identity.events(common_v1.PersonalDataAccessed, about=ada.account_id)]
    assert told.count({"identity.admin_actions.account_id", "identity.admin_actions.new_email"}) == 2
    await identity.call("POST", f"{path}/approvals", by=identity.staff["admin"], once=True)
    assert (await identity.call("GET", path, by=identity.staff["admin"])).body["new_email"] is None
    assert (await identity.run_probe("C06")).state == "kept"


async def test_C23_a_childs_account_is_erased_at_once_and_only_a_later_screen_opens_the_address(
    apart: IdentityHarness,
) -> None:
    kim = await apart.member("kim")
    await apart.call("DELETE", "/v1/identity/sessions/current", by=kim)
    early = await apart.age_token()
    act = await carry_out_action(apart, "purge_child", kim)
    erasure_id = act.body["erasure_id"]
    told = await apart.call("GET", f"/v1/identity/erasures/{erasure_id}")
    assert told.body["state"] == "running"
    assert (await log_in_as(apart, kim))[0] == 401
    for service in OTHER_SERVICES:
        await apart.record_events(receipt(erasure_id), of=service)
    assert (await apart.call("GET", f"/v1/identity/erasures/{erasure_id}")).body["state"] == "completed"
    [mark] = await apart.chassis.db.get_collection(PurgedChildDocument).list({})
    assert kim.email not in mark.model_dump_json()
    apart.clock.advance(timedelta(minutes=2))
    body = {"age_token": early, "email": kim.email, "password": kim.password}
    assert (await apart.call("POST", "/v1/identity/accounts", body)).status == 202
    token = await apart.emailed_token(kim)
    assert (await apart.call("POST", "/v1/identity/verifications", {"token": token})).status == 400
    apart.clock.advance(timedelta(minutes=2))
    assert (await apart.ask_for_account(kim)).status == 202
    token = await apart.emailed_token(kim)
    assert (await apart.call("POST", "/v1/identity/verifications", {"token": token})).status == 200
    assert (await apart.run_probe("C23")).state == "kept"


async def test_C23_a_purge_tells_ids_only_and_the_act_no_longer_says_whose(identity: IdentityHarness) -> None:
    kim = await identity.member("kim")
    act = await carry_out_action(identity, "purge_child", kim)
    for service in OTHER_SERVICES:
        await identity.record_events(receipt(act.body["erasure_id"]), of=service)
    row = await identity.chassis.db.get_collection(AdminActionDocument).get(act.body["admin_action_id"])
    assert row is not None
    assert (row.account_id, row.state, row.erasure_id) == (None, "completed", act.body["erasure_id"])
    assert (
        await identity.chassis.db.get_collection(CredentialDocument).count_documents({"account_id": kim.account_id})
        == 0
    )
    assert (await identity.run_probe("C21")).state == "kept"


async def test_a_hold_needs_an_end_within_two_years(identity: IdentityHarness) -> None:
    ada = await identity.member()
    for days in (-1, 731):
        until_then = (identity.clock() + timedelta(days=days)).isoformat()
        refused = await request_action(
            identity, "place_hold", ada, by="disclosure", hold_scope="account", hold_until=until_then
        )
        assert refused.status == 422
    assert (await place_hold(identity, ada)).body["hold_scope"] == "account"
