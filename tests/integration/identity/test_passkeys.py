"""Passkeys, with an authenticator in software: what is accepted, and everything that is not (I-18)."""

import json
from typing import Any

import pytest

from services.identity.domain.authentication.security import CHALLENGE_LIFETIME
from services.identity.store import PasskeyDocument
from tests.integration.identity.harness import IdentityHarness
from tests.integration.identity.second_factors import (
    PASSKEYS,
    SESSIONS,
    a_passkey,
    first_step,
    passkey_log_in,
    register,
    second_step,
    with_passkey,
)
from tests.support.authenticator import decoded, encoded

LIES: list[dict[str, Any]] = [
    {"origin": "https://evil.example"},
    {"origin": "http://candor.example.evil.example"},
    {"origin": "https://candor.example"},
    {"rp_id": "evil.example"},
    {"verifies": False},
]


async def test_a_passkey_alone_logs_in(identity: IdentityHarness) -> None:
    ada = await identity.member()
    passkey = await with_passkey(identity, ada)
    granted = await passkey_log_in(identity, passkey)
    assert (granted.status, granted.body["account_id"]) == (201, ada.account_id)
    ada.access = granted.body["access_token"]
    listed = (await identity.call("GET", "/v1/identity/second-factors", by=ada)).body["passkeys"]
    assert [(one["name"], one["last_used_at"] is not None) for one in listed] == [("laptop", True)]


async def test_the_options_ask_for_a_discoverable_key_that_verifies_its_user(identity: IdentityHarness) -> None:
    ada = await identity.member()
    options = (await identity.call("POST", f"{PASSKEYS}/challenges", by=ada)).body["options"]
    chosen = options["authenticatorSelection"]
    assert (options["rp"]["id"], options["attestation"]) == ("candor.example", "none")
    assert (chosen["residentKey"], chosen["userVerification"]) == ("required", "required")
    asked = (await identity.call("POST", f"{SESSIONS}/passkey-challenges")).body["options"]
    assert (asked["rpId"], asked["userVerification"]) == ("candor.example", "required")
    assert not asked.get("allowCredentials")
    assert len(decoded(asked["challenge"])) >= 16


async def test_C18_an_authenticator_cannot_choose_an_id_with_a_card_number(identity: IdentityHarness) -> None:
    ada = await identity.member()
    refused = await register(identity, ada, a_passkey(credential_id=b"card 4242 4242 4242 4242"))
    assert refused.status == 422
    assert (await identity.call("GET", "/v1/identity/second-factors", by=ada)).body["passkeys"] == []


@pytest.mark.parametrize("lie", LIES, ids=str)
async def test_I18_a_new_passkey_from_elsewhere_is_refused(identity: IdentityHarness, lie: dict[str, Any]) -> None:
    ada = await identity.member()
    assert (await register(identity, ada, a_passkey(**lie))).code == "identity.passkey.invalid"
    assert (await identity.call("GET", "/v1/identity/second-factors", by=ada)).body["passkeys"] == []


@pytest.mark.parametrize("lie", LIES, ids=str)
async def test_I18_an_answer_from_elsewhere_is_refused(identity: IdentityHarness, lie: dict[str, Any]) -> None:
    ada = await identity.member()
    passkey = await with_passkey(identity, ada)
    for name, value in lie.items():
        setattr(passkey, name, value)
    assert (await passkey_log_in(identity, passkey)).code == "identity.passkey.invalid"


async def test_I18_an_answer_works_once(identity: IdentityHarness) -> None:
    passkey = await with_passkey(identity, await identity.member())
    asked = await identity.call("POST", f"{SESSIONS}/passkey-challenges")
    body = {"challenge_id": asked.body["challenge_id"], "credential": passkey.get(asked.body["options"])}
    assert (await identity.call("POST", f"{SESSIONS}/passkey", body)).status == 201
    assert (await identity.call("POST", f"{SESSIONS}/passkey", body)).code == "identity.challenge.invalid"


async def test_I18_the_challenge_that_was_signed_is_the_one_that_was_asked(identity: IdentityHarness) -> None:
    passkey = await with_passkey(identity, await identity.member())
    earlier = await identity.call("POST", f"{SESSIONS}/passkey-challenges")
    recorded = passkey.get(earlier.body["options"])
    assert (await passkey_log_in(identity, passkey, credential=recorded)).code == "identity.passkey.invalid"


async def test_I18_a_challenge_is_good_for_its_own_purpose_and_five_minutes(identity: IdentityHarness) -> None:
    ada = await identity.member()
    passkey = await with_passkey(identity, ada)
    asked = await identity.call("POST", f"{SESSIONS}/passkey-challenges")
    body = {"challenge_id": asked.body["challenge_id"], "passkey": passkey.get(asked.body["options"])}
    assert (await identity.call("POST", f"{SESSIONS}/step-up", body, by=ada)).code == "identity.challenge.invalid"
    identity.clock.advance(CHALLENGE_LIFETIME)
    late = {"challenge_id": asked.body["challenge_id"], "credential": passkey.get(asked.body["options"])}
    assert (await identity.call("POST", f"{SESSIONS}/passkey", late)).code == "identity.challenge.invalid"


async def test_I18_a_failed_answer_uses_the_challenge_up(identity: IdentityHarness) -> None:
    passkey = await with_passkey(identity, await identity.member())
    asked = await identity.call("POST", f"{SESSIONS}/passkey-challenges")
    wrong, right = a_passkey(), passkey.get(asked.body["options"])
    wrong.credential_id, wrong.user_handle = passkey.credential_id, passkey.user_handle
    wrong.count = 50
    body = {"challenge_id": asked.body["challenge_id"], "credential": wrong.get(asked.body["options"])}
    assert (await identity.call("POST", f"{SESSIONS}/passkey", body)).code == "identity.passkey.invalid"
    again = {"challenge_id": asked.body["challenge_id"], "credential": right}
    assert (await identity.call("POST", f"{SESSIONS}/passkey", again)).code == "identity.challenge.invalid"


async def test_I18_a_passkey_that_counts_backwards_is_a_copy(identity: IdentityHarness) -> None:
    passkey = await with_passkey(identity, await identity.member())
    passkey.count = 7
    assert (await passkey_log_in(identity, passkey)).status == 201
    passkey.count = 5
    assert (await passkey_log_in(identity, passkey)).code == "identity.passkey.invalid"
    passkey.count = 7  # its next is the eighth, which was there before
    assert (await passkey_log_in(identity, passkey)).code == "identity.passkey.invalid"


async def test_a_synchronised_passkey_does_not_count(identity: IdentityHarness) -> None:
    ada, passkey = await identity.member(), a_passkey(counts=False)
    assert (await register(identity, ada, passkey)).status == 201
    assert [(await passkey_log_in(identity, passkey)).status for _ in range(3)] == [201] * 3


async def test_I18_nobody_answers_for_another(identity: IdentityHarness) -> None:
    ada, eve = await identity.member(), await identity.member("eve")
    hers, her_challenge = (
        await with_passkey(identity, eve),
        await identity.call("POST", f"{PASSKEYS}/challenges", by=ada),
    )
    await with_passkey(identity, ada)
    # Her passkey does not do as ada's second factor, nor under ada's name.
    step = await first_step(identity, ada)
    shown = hers.get(step.body["passkey_options"])
    assert (await second_step(identity, step.body["challenge_token"], passkey=shown)).code == "identity.passkey.invalid"
    hers.user_handle = ada.account_id.encode()
    assert (await passkey_log_in(identity, hers)).code == "identity.passkey.invalid"
    # Nor does she finish what ada has begun.
    body = {
        "challenge_id": her_challenge.body["challenge_id"],
        "name": "x",
        "credential": a_passkey().create(her_challenge.body["options"]),
    }
    refused = await identity.call("POST", PASSKEYS, body, by=eve, once=True)
    assert refused.code == "identity.challenge.invalid"


async def test_a_passkey_is_of_one_account(identity: IdentityHarness) -> None:
    ada, eve, passkey = await identity.member(), await identity.member("eve"), a_passkey()
    assert (await register(identity, ada, passkey)).status == 201
    assert (await register(identity, eve, passkey)).code == "identity.passkey.already_registered"


async def test_a_removed_passkey_opens_nothing_and_nobody_removes_anothers(identity: IdentityHarness) -> None:
    ada, eve = await identity.member(), await identity.member("eve")
    passkey = await with_passkey(identity, ada)
    [held] = (await identity.call("GET", "/v1/identity/second-factors", by=ada)).body["passkeys"]
    path = f"{PASSKEYS}/{held['passkey_id']}"
    assert (await identity.call("DELETE", path, by=eve)).code == "identity.passkey.not_found"
    assert (await identity.call("DELETE", path, by=ada)).status == 204
    assert (await passkey_log_in(identity, passkey)).code == "identity.passkey.invalid"
    assert (await identity.log_in(ada)).account_id == ada.account_id


async def test_what_is_stored_of_a_passkey_signs_nothing(identity: IdentityHarness) -> None:
    ada = await identity.member()
    await with_passkey(identity, ada)
    [row] = await identity.chassis.db.get_collection(PasskeyDocument).list({"account_id": ada.account_id})
    assert set(type(row).model_fields) == {
        *(
            "id",
            "account_id",
            "credential_id",
            "public_key",
            "sign_count",
            "label",
            "transports",
            "created_at",
            "last_used_at",
        )
    }


async def test_every_forged_byte_of_an_answer_is_a_refusal(identity: IdentityHarness) -> None:
    passkey = await with_passkey(identity, await identity.member())
    for part in ("clientDataJSON", "authenticatorData", "signature"):
        for place in range(0, 70, 7):
            asked = await identity.call("POST", f"{SESSIONS}/passkey-challenges")
            credential = json.loads(json.dumps(passkey.get(asked.body["options"])))
            raw = bytearray(decoded(credential["response"][part]))
            raw[place % len(raw)] ^= 0x41
            credential["response"][part] = encoded(bytes(raw))
            body = {"challenge_id": asked.body["challenge_id"], "credential": credential}
            assert (await identity.call("POST", f"{SESSIONS}/passkey", body)).status in {400, 403}


async def test_every_forged_byte_of_a_new_passkey_is_a_refusal_or_a_passkey(identity: IdentityHarness) -> None:
    ada = await identity.member()
    size = len(decoded(a_passkey().create({"user": {"id": "eA"}, "challenge": "eA"})["response"]["attestationObject"]))
    for place in range(0, size, 8):
        for flip in (0x41, 0xFF):
            asked = await identity.call("POST", f"{PASSKEYS}/challenges", by=ada)
            credential = json.loads(json.dumps(a_passkey().create(asked.body["options"])))
            raw = bytearray(decoded(credential["response"]["attestationObject"]))
            raw[place] ^= flip
            credential["response"]["attestationObject"] = encoded(bytes(raw))
            body = {"challenge_id": asked.body["challenge_id"], "name": "x", "credential": credential}
            reply = await identity.call("POST", PASSKEYS, body, by=ada, once=True)
            assert reply.status in {201, 400, 403, 409}, (place, flip, reply)
