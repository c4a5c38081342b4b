"""Step-up before what is sensitive, and that strangers who guess do not shut the owner out."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.integration.identity.harness import IdentityHarness, Person, Reply
from tests.integration.identity.second_factors import SESSIONS, passkey_log_in, with_passkey, with_totp

STEP_UP = f"{SESSIONS}/step-up"
ERASURES = "/v1/identity/erasures"
SENSITIVE: list[tuple[str, str, dict[str, Any] | None]] = [
    ("POST", "/v1/identity/app-passwords", {"label": "laptop"}),
    ("POST", "/v1/identity/email-changes", {"email": "new@customers.example"}),
    ("POST", ERASURES, {"password": "x"}),
    ("POST", "/v1/identity/password-changes", {"old_password": "x", "new_password": "y"}),
    ("POST", "/v1/identity/totp", None),
    ("POST", "/v1/identity/totp/confirmation", {"code": "1"}),
    ("DELETE", "/v1/identity/totp", None),
    ("POST", "/v1/identity/recovery-codes", None),
    ("POST", "/v1/identity/passkeys/challenges", None),
    ("DELETE", "/v1/identity/passkeys/psk_1", None),
    ("GET", "/v1/identity/exports/exp_1/archive", None),
]
WRONG = "not it, whatever it may be"


async def grown_old(identity: IdentityHarness, ada: Person) -> Person:
    """Let the log-in become too old; the person holds new tokens of the same session."""
    identity.clock.advance(timedelta(minutes=16))
    renewed = await identity.refresh(ada.refresh)
    ada.access, ada.refresh = renewed.body["access_token"], renewed.body["refresh_token"]
    return ada


async def step_up(identity: IdentityHarness, ada: Person, **shown: Any) -> Reply:
    reply = await identity.call("POST", STEP_UP, shown, by=ada)
    if reply.status == 200:
        ada.access = reply.body["access_token"]
    return reply


@pytest.mark.parametrize(("method", "path", "body"), SENSITIVE)
async def test_what_is_sensitive_needs_a_recent_proof(
    identity: IdentityHarness, method: str, path: str, body: dict[str, Any] | None
) -> None:
    ada = await grown_old(identity, await identity.member())
    refused = await identity.call(method, path, body, by=ada, once=True)
    assert (refused.status, refused.code) == (401, "auth.session.reauthentication_required")
    assert 'max_age="900"' in refused.headers["WWW-Authenticate"]
    assert (await step_up(identity, ada, password=ada.password)).status == 200
    again = await identity.call(method, path, body, by=ada, once=True)
    assert again.status != 401, again


async def test_a_step_up_outlives_the_refresh_and_ages_as_a_log_in_does(identity: IdentityHarness) -> None:
    ada = await grown_old(identity, await identity.member())
    await step_up(identity, ada, password=ada.password)
    identity.clock.advance(timedelta(minutes=10))
    renewed = await identity.refresh(ada.refresh)
    ada.access, ada.refresh = renewed.body["access_token"], renewed.body["refresh_token"]
    made = await identity.call("POST", "/v1/identity/app-passwords", {"label": "x"}, by=ada, once=True)
    assert made.status == 201
    ada = await grown_old(identity, ada)
    refused = await identity.call("POST", "/v1/identity/app-passwords", {"label": "x"}, by=ada, once=True)
    assert refused.code == "auth.session.reauthentication_required"


async def test_I12_with_a_second_factor_the_password_does_not_confirm(identity: IdentityHarness) -> None:
    ada = await identity.member()
    app, codes = await with_totp(identity, ada)
    assert (await step_up(identity, ada, password=ada.password)).code == "identity.step_up.second_factor_required"
    assert (await step_up(identity, ada, code="000000")).code == "identity.second_factor.invalid"
    assert (await step_up(identity, ada, password=WRONG, code=codes[0])).code == "identity.password.incorrect"
    identity.clock.advance(timedelta(seconds=30))
    assert (await step_up(identity, ada, code=app.at(identity.clock()))).status == 200
    assert (await step_up(identity, ada, code=codes[0])).status == 200


async def test_a_passkey_confirms_its_own_account_and_no_other(identity: IdentityHarness) -> None:
    ada, eve = await identity.member(), await identity.member("eve")
    passkey = await with_passkey(identity, ada)
    for person, status in ((ada, 200), (eve, 403)):
        asked = await identity.call("POST", f"{SESSIONS}/step-up-challenges", by=person)
        shown = {"challenge_id": asked.body["challenge_id"], "passkey": passkey.get(asked.body["options"])}
        assert (await step_up(identity, person, **shown)).status == status
    asked = await identity.call("POST", f"{SESSIONS}/step-up-challenges", by=ada)
    shown = {"challenge_id": asked.body["challenge_id"], "passkey": passkey.get(asked.body["options"])}
    assert (await step_up(identity, eve, **shown)).code == "identity.challenge.invalid"


async def test_whoever_has_a_session_guesses_twenty_times_and_not_for_the_door(identity: IdentityHarness) -> None:
    ada = await identity.member()
    statuses = [(await step_up(identity, ada, password=WRONG)).status for _ in range(22)]
    assert (statuses.count(403), statuses.count(429)) == (20, 2)
    assert (await identity.log_in(ada)).account_id == ada.account_id


async def test_I13_of_a_thousand_guesses_twenty_are_verified_and_the_owner_comes_in(identity: IdentityHarness) -> None:
    ada = await identity.member()
    passkey = await with_passkey(identity, eve := await identity.member("eve"))
    known = await identity.call("POST", SESSIONS, {"email": ada.email, "password": ada.password})
    guess = {"email": ada.email, "password": WRONG}
    statuses: list[int] = []
    for _ in range(50):
        replies = await asyncio.gather(*(identity.call("POST", SESSIONS, guess) for _ in range(20)))
        statuses += [reply.status for reply in replies]
    assert len(statuses) == 1_000
    assert set(statuses) <= {401, 429, 503}
    assert statuses.count(401) <= 20
    stranger = await identity.call("POST", SESSIONS, {"email": ada.email, "password": ada.password})
    assert stranger.code == "identity.login.too_many_attempts"
    # The owner: from a device that was here before, by the session that lives, and by a passkey.
    owner = {"email": ada.email, "password": ada.password, "device_token": known.body["device_token"]}
    assert (await identity.call("POST", SESSIONS, owner)).status == 201
    assert (await identity.refresh(ada.refresh)).status == 200
    for _ in range(21):
        await identity.call("POST", SESSIONS, {"email": eve.email, "password": WRONG})
    assert (await passkey_log_in(identity, passkey)).status == 201


async def test_a_known_device_has_twenty_guesses_of_its_own_and_opens_no_other_account(
    identity: IdentityHarness,
) -> None:
    ada, eve = await identity.member(), await identity.member("eve")
    reply = await identity.call("POST", SESSIONS, {"email": eve.email, "password": eve.password})
    device = reply.body["device_token"]
    body = {"email": ada.email, "password": WRONG, "device_token": device}
    statuses = [(await identity.call("POST", SESSIONS, body)).status for _ in range(21)]
    assert statuses == [401] * 20 + [429]
    own = {"email": eve.email, "password": WRONG, "device_token": device}
    statuses = [(await identity.call("POST", SESSIONS, own)).status for _ in range(21)]
    assert statuses == [401] * 20 + [429]


async def test_I06_a_forged_device_token_is_as_good_as_none(identity: IdentityHarness) -> None:
    ada = await identity.member()
    reply = await identity.call("POST", SESSIONS, {"email": ada.email, "password": ada.password})
    device = reply.body["device_token"]
    for _ in range(21):
        await identity.call("POST", SESSIONS, {"email": ada.email, "password": WRONG})
    for place in range(0, len(device), 9):
        forged = device[:place] + ("A" if device[place] != "A" else "B") + device[place + 1 :]
        body = {"email": ada.email, "password": ada.password, "device_token": forged}
        assert (await identity.call("POST", SESSIONS, body)).status == 429


async def test_I19_a_log_in_takes_the_place_of_the_session_that_it_comes_from(identity: IdentityHarness) -> None:
    ada, eve = await identity.member(), await identity.member("eve")
    body = {"email": eve.email, "password": eve.password}
    switched = await identity.call("POST", SESSIONS, body, by=ada)
    assert switched.status == 201
    assert switched.body["session_id"] not in {ada.session_id, eve.session_id}
    assert (await identity.call("GET", "/v1/identity/me", by=ada)).code == "auth.session.revoked"
