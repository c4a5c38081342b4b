"""One-time codes, recovery codes, and that no weaker way leads round them."""

import asyncio
from datetime import timedelta

import pyotp
import pytest

from services.identity.store import RecoveryCodeDocument, TotpDocument
from tests.integration.identity.harness import IdentityHarness
from tests.integration.identity.second_factors import (
    PASSKEYS,
    SESSIONS,
    TOTP,
    first_step,
    second_step,
    with_passkey,
    with_totp,
)

FACTORS = "/v1/identity/second-factors"
STEP = timedelta(seconds=30)


async def test_I12_with_an_app_the_password_alone_opens_nothing(identity: IdentityHarness) -> None:
    ada = await identity.member()
    app, _ = await with_totp(identity, ada)
    identity.clock.advance(STEP)
    step = await first_step(identity, ada)
    assert "access_token" not in step.body
    assert step.body["methods"] == ["totp", "recovery_code"]
    granted = await second_step(identity, step.body["challenge_token"], code=app.at(identity.clock()))
    assert (granted.status, granted.body["account_id"]) == (201, ada.account_id)


async def test_I12_a_passkey_is_a_second_factor_too(identity: IdentityHarness) -> None:
    ada = await identity.member()
    passkey = await with_passkey(identity, ada)
    step = await first_step(identity, ada)
    assert step.body["methods"] == ["passkey", "recovery_code"]
    shown = passkey.get(step.body["passkey_options"])
    assert (await second_step(identity, step.body["challenge_token"], passkey=shown)).status == 201


async def test_the_uri_is_what_apps_scan(identity: IdentityHarness) -> None:
    ada = await identity.member()
    begun = (await identity.call("POST", TOTP, by=ada, once=True)).body
    read = pyotp.parse_uri(begun["otpauth_uri"])
    assert (read.secret, read.issuer, read.name) == (begun["secret"], "Candor", ada.email)


async def test_an_app_that_was_never_confirmed_locks_nobody_out(identity: IdentityHarness) -> None:
    ada = await identity.member()
    begun = await identity.call("POST", TOTP, by=ada, once=True)
    app = pyotp.TOTP(begun.body["secret"])
    wrong = {"code": f"{(int(app.at(identity.clock())) + 1) % 1_000_000:06}"}
    refused = await identity.call("POST", f"{TOTP}/confirmation", wrong, by=ada, once=True)
    assert refused.code == "identity.second_factor.invalid"
    assert (await identity.log_in(ada)).session_id
    again = await identity.call("POST", TOTP, by=ada, once=True)
    assert again.body["secret"] != begun.body["secret"]


async def test_I13_a_code_works_once_and_no_older_one_after_it(identity: IdentityHarness) -> None:
    ada = await identity.member()
    app, _ = await with_totp(identity, ada)
    used = app.at(identity.clock())
    step = await first_step(identity, ada)
    assert (await second_step(identity, step.body["challenge_token"], code=used)).status == 403
    identity.clock.advance(2 * STEP)
    older, newer = app.at(identity.clock() - STEP), app.at(identity.clock())
    step = await first_step(identity, ada)
    assert (await second_step(identity, step.body["challenge_token"], code=newer)).status == 201
    step = await first_step(identity, ada)
    assert (await second_step(identity, step.body["challenge_token"], code=older)).status == 403


@pytest.mark.parametrize(("steps", "status"), [(-2, 403), (-1, 201), (0, 201), (1, 201), (2, 403)])
async def test_the_window_is_one_step_to_each_side(identity: IdentityHarness, steps: int, status: int) -> None:
    ada = await identity.member()
    app, _ = await with_totp(identity, ada)
    identity.clock.advance(timedelta(minutes=5))
    step = await first_step(identity, ada)
    code = app.at(identity.clock() + steps * STEP)
    assert (await second_step(identity, step.body["challenge_token"], code=code)).status == status


async def test_I13_five_codes_may_be_tried_for_one_password(identity: IdentityHarness) -> None:
    ada = await identity.member()
    app, _ = await with_totp(identity, ada)
    identity.clock.advance(STEP)
    token = (await first_step(identity, ada)).body["challenge_token"]
    statuses = [(await second_step(identity, token, code=f"{number:06}")).status for number in range(5)]
    assert statuses == [403] * 5
    right = await second_step(identity, token, code=app.at(identity.clock()))
    assert right.code == "identity.challenge.invalid"


async def test_I13_whoever_has_the_password_tries_twenty_codes_in_all(identity: IdentityHarness) -> None:
    ada = await identity.member()
    await with_totp(identity, ada)
    refused = []
    for _ in range(6):
        token = (await first_step(identity, ada)).body["challenge_token"]
        refused += [(await second_step(identity, token, code="00000x")).status for _ in range(5)]
    assert (refused.count(403), refused.count(429)) == (20, 10)


async def test_the_challenge_works_once_for_five_minutes_and_unaltered(identity: IdentityHarness) -> None:
    ada = await identity.member()
    app, codes = await with_totp(identity, ada)
    identity.clock.advance(STEP)
    token, code = (await first_step(identity, ada)).body["challenge_token"], app.at(identity.clock())
    for place in range(0, len(token), 6):
        forged = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert (await second_step(identity, forged, code=code)).code == "identity.challenge.invalid"
    replies = await asyncio.gather(*(second_step(identity, token, code=one) for one in codes[:3]))
    assert sum(reply.status == 201 for reply in replies) == 1
    assert (await second_step(identity, token, code=code)).code == "identity.challenge.invalid"
    late = (await first_step(identity, ada)).body["challenge_token"]
    identity.clock.advance(timedelta(minutes=5))
    assert (await second_step(identity, late, code=app.at(identity.clock()))).code == "identity.challenge.invalid"


async def test_a_recovery_code_works_once_and_new_ones_void_the_old(identity: IdentityHarness) -> None:
    ada = await identity.member()
    _, codes = await with_totp(identity, ada)
    assert (len(codes), len(set(codes))) == (10, 10)
    for code, status in [(codes[0].upper(), 201), (codes[0], 403), (codes[1].replace("-", " "), 201)]:
        token = (await first_step(identity, ada)).body["challenge_token"]
        assert (await second_step(identity, token, code=code)).status == status
    assert (await identity.call("GET", FACTORS, by=ada)).body["recovery_codes_left"] == 8
    made = await identity.call("POST", "/v1/identity/recovery-codes", by=ada, once=True)
    token = (await first_step(identity, ada)).body["challenge_token"]
    assert (await second_step(identity, token, code=codes[2])).status == 403
    assert (await second_step(identity, token, code=made.body["recovery_codes"][0])).status == 201


async def test_a_second_factor_added_later_leaves_the_recovery_codes(identity: IdentityHarness) -> None:
    ada = await identity.member()
    await with_totp(identity, ada)
    await with_passkey(identity, ada)
    assert (await identity.call("GET", FACTORS, by=ada)).body["recovery_codes_left"] == 10
    [held] = (await identity.call("GET", FACTORS, by=ada)).body["passkeys"]
    assert (await identity.call("DELETE", TOTP, by=ada)).status == 204
    assert (await identity.call("GET", FACTORS, by=ada)).body["recovery_codes_left"] == 10
    assert (await identity.call("DELETE", f"{PASSKEYS}/{held['passkey_id']}", by=ada)).status == 204
    assert (await identity.call("GET", FACTORS, by=ada)).body["recovery_codes_left"] == 0
    refused = await identity.call("POST", "/v1/identity/recovery-codes", by=ada, once=True)
    assert refused.code == "identity.second_factor.not_enrolled"


async def test_secrets_are_stored_sealed_or_hashed(identity: IdentityHarness) -> None:
    ada = await identity.member()
    app, codes = await with_totp(identity, ada)
    held = str(await identity.chassis.db.get_collection(TotpDocument).get(ada.account_id))
    held += str(await identity.chassis.db.get_collection(RecoveryCodeDocument).list({"account_id": ada.account_id}))
    assert app.secret not in held
    assert not any(code in held or code.replace("-", "") in held for code in codes)


async def test_each_change_is_told_by_mail_and_stands_in_the_log(identity: IdentityHarness) -> None:
    ada = await identity.member()
    await with_totp(identity, ada)
    await identity.call("DELETE", TOTP, by=ada)
    kinds = [letter.kind for letter in await identity.emails_to(ada.email)]
    assert kinds[-2:] == ["identity.totp_added", "identity.totp_removed"]
    log = (await identity.call("GET", "/v1/identity/security-log", by=ada)).body["items"]
    assert [item["event"] for item in log if "totp" in item["event"]] != []


async def test_staff_may_have_a_second_factor_as_well(identity: IdentityHarness) -> None:
    security = identity.staff["disclosure"]
    app, _ = await with_totp(identity, security)
    identity.clock.advance(STEP)
    step = await first_step(identity, security)
    assert (await second_step(identity, step.body["challenge_token"], code=app.at(identity.clock()))).status == 201
    assert (await identity.call("DELETE", TOTP, by=security)).status == 204


async def test_exactly_one_thing_is_shown(identity: IdentityHarness) -> None:
    ada = await identity.member()
    await with_totp(identity, ada)
    token = (await first_step(identity, ada)).body["challenge_token"]
    assert (await second_step(identity, token)).status == 422
    assert (await identity.call("POST", f"{SESSIONS}/step-up", {}, by=ada)).status == 422
