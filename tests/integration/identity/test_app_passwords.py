"""App passwords: made, shown once, checked for sync, revoked."""

from datetime import timedelta
from typing import Any

import pytest

from services.identity.store import AppPasswordDocument
from shared.contracts import identity_v1
from shared.crypto import PurposeDeniedError
from shared.ids import new_id
from shared.policy import Purpose
from tests.integration.identity.harness import IdentityHarness, Person

PATH = "/v1/identity/app-passwords"


async def make(identity: IdentityHarness, ada: Person, scope: str = "read_write") -> dict[str, Any]:
    made = await identity.call("POST", PATH, {"label": "laptop", "scope": scope}, by=ada, once=True)
    assert made.status == 201, made
    return dict(made.body)


async def check(identity: IdentityHarness, username: str, secret: str) -> Any:
    request = identity_v1.CredentialVerifyRequest(username=username, app_password=secret)
    return await identity.call_rpc("identity.credential.verify", request, purpose=Purpose.SYNC)


async def test_an_app_password_opens_sync_for_its_account_and_scope(identity: IdentityHarness) -> None:
    ada = await identity.member()
    made = await make(identity, ada, "read")
    found = await check(identity, made["username"], made["app_password"])
    assert (found.accepted, found.account_id, found.scope) == (True, ada.account_id, "read")
    assert found.app_password_id == made["app_password_id"]
    [listed] = (await identity.call("GET", PATH, by=ada)).body["items"]
    assert listed["last_used_at"] is not None
    assert "app_password" not in listed


async def test_I05_any_other_secret_or_username_is_refused(identity: IdentityHarness) -> None:
    ada, eve = await identity.member(), await identity.member("eve")
    made, other = await make(identity, ada), await make(identity, eve)
    secret = made["app_password"]
    forged = [secret[:length] for length in range(len(secret))] + [secret + "A", secret.swapcase(), ada.password]
    for one in forged:
        assert not (await check(identity, made["username"], one)).accepted
    assert not (await check(identity, other["username"], secret)).accepted
    assert not (await check(identity, "", secret)).accepted


async def test_a_revoked_one_is_refused_and_sync_is_told(identity: IdentityHarness) -> None:
    ada = await identity.member()
    made = await make(identity, ada)
    assert (await identity.call("DELETE", f"{PATH}/{made['app_password_id']}", by=ada)).status == 204
    assert not (await check(identity, made["username"], made["app_password"])).accepted
    [fact] = await identity.events(identity_v1.AppPasswordRevoked, about=ada.account_id)
    assert fact.app_password_id == made["app_password_id"]


@pytest.mark.parametrize(
    ("label", "why"),
    [
        ("4242 4242 4242 4242", "text_contains_card_number"),
        ("phone\u202e", "text_contains_direction_control"),
        ("pho\u200bne", "text_contains_invisible_character"),
        ("phone\n", "text_contains_control_character"),
    ],
)
async def test_C18_a_label_that_may_not_be_kept_is_refused(identity: IdentityHarness, label: str, why: str) -> None:
    ada = await identity.member()
    refused = await identity.call("POST", PATH, {"label": label, "scope": "read"}, by=ada, once=True)
    assert refused.status == 422
    [problem] = refused.body["fields"]
    assert (problem["field"], problem["code"]) == ("label", why)
    assert (await identity.call("GET", PATH, by=ada)).body["items"] == []
    kept = await identity.call("POST", PATH, {"label": "Adas 👩🏽‍🚀 490154203237518"}, by=ada, once=True)
    assert kept.status == 201


async def test_nobody_revokes_that_of_another(identity: IdentityHarness) -> None:
    ada, eve = await identity.member(), await identity.member("eve")
    made = await make(identity, ada)
    refused = await identity.call("DELETE", f"{PATH}/{made['app_password_id']}", by=eve)
    assert refused.code == "identity.app_password.not_found"
    assert (await check(identity, made["username"], made["app_password"])).accepted


async def test_an_expired_one_is_refused(identity: IdentityHarness) -> None:
    made = await make(identity, await identity.member())
    identity.clock.advance(timedelta(days=365))
    assert not (await check(identity, made["username"], made["app_password"])).accepted


async def test_the_secret_is_shown_once_and_stored_nowhere(identity: IdentityHarness) -> None:
    ada = await identity.member()
    key = {"Idempotency-Key": new_id("key")}
    first = await identity.call("POST", PATH, {"label": "laptop"}, by=ada, headers=key)
    again = await identity.call("POST", PATH, {"label": "laptop"}, by=ada, headers=key)
    assert again.code == "idempotency.reply.not_stored"
    stored = await identity.chassis.db.get_collection(AppPasswordDocument).list({"account_id": ada.account_id})
    assert len(stored) == 1
    assert first.body["app_password"] not in str(stored)


async def test_there_are_at_most_fifty(identity: IdentityHarness) -> None:
    ada = await identity.member()
    for _ in range(50):
        await make(identity, ada)
    refused = await identity.call("POST", PATH, {"label": "one more"}, by=ada, once=True)
    assert refused.code == "identity.app_password.too_many"


async def test_C06_app_passwords_are_checked_for_sync_and_for_nothing_else(identity: IdentityHarness) -> None:
    request = identity_v1.CredentialVerifyRequest(username="u", app_password="p")
    with pytest.raises(PurposeDeniedError):
        await identity.call_rpc("identity.credential.verify", request, purpose=Purpose.NEWSLETTER)
