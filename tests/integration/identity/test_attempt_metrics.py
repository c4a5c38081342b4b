"""Operators see attacks: logins, second factors and confirmed passwords are counted by their outcome."""

import re

from shared.observe import render_metrics
from tests.integration.identity.harness import IdentityHarness, Person, Reply
from tests.integration.identity.second_factors import first_step, passkey_log_in, second_step, with_passkey, with_totp

SESSIONS = "/v1/identity/sessions"
MAX_ATTEMPTS = 20


def counted(kind: str, method: str, outcome: str) -> float:
    series = rf'^candor_identity_{kind}_attempts_total{{method="{method}",outcome="{outcome}"}} (\S+)$'
    found = re.search(series, render_metrics()[0].decode(), flags=re.MULTILINE)
    assert found is not None, f"{kind} {method} {outcome} has no series before its first event"
    return float(found.group(1))


class Counts:
    """What some series were before, and by how much they have grown."""

    def __init__(self, kind: str, method: str, *outcomes: str) -> None:
        self._series = [(kind, method, outcome) for outcome in outcomes]
        self._before = [counted(*one) for one in self._series]

    def grown(self) -> list[float]:
        return [counted(*one) - before for one, before in zip(self._series, self._before, strict=True)]


async def log_in(house: IdentityHarness, person: Person, **changed: str) -> Reply:
    body = {"email": person.email, "password": person.password, **changed}
    return await house.call("POST", SESSIONS, body)


async def test_logins_are_counted_by_outcome(identity: IdentityHarness) -> None:
    ada = await identity.member()
    counts = Counts("login", "password", "succeeded", "rejected", "locked_out")
    await log_in(identity, ada)
    for _ in range(MAX_ATTEMPTS + 2):
        await log_in(identity, ada, password="not the right one")
    assert counts.grown() == [1, MAX_ATTEMPTS, 2]


async def test_an_unknown_address_is_counted_like_a_known_one(identity: IdentityHarness) -> None:
    ada = await identity.member()
    counts = Counts("login", "password", "rejected")
    await log_in(identity, ada, email=f"no-{ada.email}")
    assert counts.grown() == [1]
    assert ada.email not in render_metrics()[0].decode()


async def test_second_factors_are_counted_apart_from_passwords(identity: IdentityHarness) -> None:
    ada = await identity.member()
    _, codes = await with_totp(identity, ada)
    logins = Counts("login", "password", "second_factor_required", "succeeded")
    factors = Counts("second_factor", "code", "succeeded", "rejected", "challenge_invalid")
    token = (await first_step(identity, ada)).body["challenge_token"]
    for shown, code in ((token, "000000x"), ("altered", codes[0]), (token, codes[0])):
        await second_step(identity, shown, code=code)
    assert logins.grown() == [1, 0]
    assert factors.grown() == [1, 1, 1]


async def test_a_passkey_login_is_counted(identity: IdentityHarness) -> None:
    ada = await identity.member()
    passkey = await with_passkey(identity, ada)
    counts = Counts("login", "passkey", "succeeded")
    assert (await passkey_log_in(identity, passkey)).status == 201
    assert counts.grown() == [1]


async def test_a_frozen_account_and_a_wrong_confirmation_are_counted(identity: IdentityHarness) -> None:
    ada = await identity.member()
    confirmations = Counts("reauthentication", "password", "rejected")
    await identity.call("POST", "/v1/identity/erasures", {"password": "not it"}, by=ada, once=True)
    assert confirmations.grown() == [1]
    frozen = Counts("login", "password", "account_frozen")
    body = {"kind": "freeze", "account_id": ada.account_id, "reason": "case 4711"}
    asked = await identity.call("POST", "/v1/identity/admin-actions", body, by=identity.staff["support"], once=True)
    assert asked.status == 201
    await log_in(identity, ada)
    assert frozen.grown() == [1]
