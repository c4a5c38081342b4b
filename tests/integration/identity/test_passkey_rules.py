"""Passkeys as WebAuthn L3 wants them: transports, frames of other sites, the handle, and removed ones."""

import base64

from tests.integration.identity.harness import IdentityHarness
from tests.integration.identity.second_factors import (
    PASSKEYS,
    a_passkey,
    first_step,
    passkey_log_in,
    register,
    with_passkey,
)

FACTORS = "/v1/identity/second-factors"


async def test_the_ways_to_reach_a_passkey_are_kept_and_offered(identity: IdentityHarness) -> None:
    ada = await identity.member()
    await with_passkey(identity, ada)
    step = await first_step(identity, ada)
    [allowed] = step.body["passkey_options"]["allowCredentials"]
    assert allowed["transports"] == ["internal"]


async def test_a_frame_of_another_site_neither_adds_nor_uses_a_passkey(identity: IdentityHarness) -> None:
    ada = await identity.member()
    framed = a_passkey(embedded_in="https://frames.example")
    assert (await register(identity, ada, framed)).code == "identity.passkey.invalid"
    passkey = await with_passkey(identity, ada)
    passkey.embedded_in = "https://frames.example"
    assert (await passkey_log_in(identity, passkey)).code == "identity.passkey.invalid"


async def test_a_log_in_without_a_name_needs_the_handle(identity: IdentityHarness) -> None:
    ada = await identity.member()
    passkey = await with_passkey(identity, ada)
    handle, passkey.user_handle = passkey.user_handle, b""
    assert (await passkey_log_in(identity, passkey)).code == "identity.passkey.invalid"
    passkey.user_handle = handle
    assert (await passkey_log_in(identity, passkey)).status == 201


async def test_a_device_learns_which_passkeys_are_still_accepted(identity: IdentityHarness) -> None:
    ada = await identity.member()
    kept, removed = await with_passkey(identity, ada), a_passkey()
    made = await register(identity, ada, removed, name="old phone")

    async def accepted() -> set[str]:
        shown = (await identity.call("GET", FACTORS, by=ada)).body["accepted_credentials"]
        assert shown["rp_id"] == "candor.example"
        assert base64.urlsafe_b64decode(shown["user_id"] + "==") == ada.account_id.encode()
        return set(shown["credential_ids"])

    names = [base64.urlsafe_b64encode(one.credential_id).decode().rstrip("=") for one in (kept, removed)]
    assert await accepted() == set(names)
    assert (await identity.call("DELETE", f"{PASSKEYS}/{made.body['passkey_id']}", by=ada)).status == 204
    assert await accepted() == {names[0]}


async def test_a_reset_link_tells_its_address_and_is_not_used_by_that(identity: IdentityHarness) -> None:
    lookups = "/v1/identity/password-resets/lookups"
    assert (await identity.call("POST", lookups, {"token": "x" * 43})).code == "identity.password_reset_token.invalid"
