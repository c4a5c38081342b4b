"""Steps that the tests of second factors share."""

from typing import Any

import pyotp

from tests.integration.identity.harness import PUBLIC_URL, IdentityHarness, Person, Reply
from tests.support.authenticator import Authenticator

SESSIONS = "/v1/identity/sessions"
PASSKEYS = "/v1/identity/passkeys"
TOTP = "/v1/identity/totp"


def a_passkey(**lies: Any) -> Authenticator:
    return Authenticator(**{"origin": PUBLIC_URL, "rp_id": "candor.example", **lies})


async def register(identity: IdentityHarness, ada: Person, passkey: Authenticator, name: str = "laptop") -> Reply:
    asked = await identity.call("POST", f"{PASSKEYS}/challenges", by=ada)
    assert asked.status == 200, asked
    body = {
        "challenge_id": asked.body["challenge_id"],
        "name": name,
        "credential": passkey.create(asked.body["options"]),
    }
    return await identity.call("POST", PASSKEYS, body, by=ada, once=True)


async def with_passkey(identity: IdentityHarness, ada: Person) -> Authenticator:
    """Return a passkey that is registered for *ada*."""
    passkey = a_passkey()
    made = await register(identity, ada, passkey)
    assert made.status == 201, made
    return passkey


async def passkey_log_in(identity: IdentityHarness, passkey: Authenticator, **lies: Any) -> Reply:
    asked = await identity.call("POST", f"{SESSIONS}/passkey-challenges")
    body = {"challenge_id": asked.body["challenge_id"], "credential": passkey.get(asked.body["options"])} | lies
    return await identity.call("POST", f"{SESSIONS}/passkey", body)


async def with_totp(identity: IdentityHarness, ada: Person) -> tuple[pyotp.TOTP, list[str]]:
    """Return the app that is confirmed for *ada*, and the recovery codes."""
    begun = await identity.call("POST", TOTP, by=ada, once=True)
    assert begun.status == 201, begun
    app = pyotp.TOTP(begun.body["secret"])
    code = {"code": app.at(identity.clock())}
    confirmed = await identity.call("POST", f"{TOTP}/confirmation", code, by=ada, once=True)
    assert confirmed.status == 201, confirmed
    return app, confirmed.body["recovery_codes"]


async def first_step(identity: IdentityHarness, ada: Person) -> Reply:
    reply = await identity.call("POST", SESSIONS, {"email": ada.email, "password": ada.password})
    assert (reply.status, reply.code) == (401, "identity.login.second_factor_required"), reply
    return reply


async def second_step(identity: IdentityHarness, token: str, **shown: Any) -> Reply:
    return await identity.call("POST", f"{SESSIONS}/second-factor", {"challenge_token": token, **shown})
