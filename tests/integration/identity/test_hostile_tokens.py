"""Every token that identity gives, altered at each letter and cut at each length, is refused (I-05, I-06).

What a JWT may say wrongly (alg, crit, kid, audience) stands in tests/unit/web/test_tokens.py.
"""

import base64
import hashlib
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.contracts import identity_v1
from shared.ids import new_id, new_token
from shared.policy import Purpose
from tests.integration.identity.fake_services import FakePeers
from tests.integration.identity.harness import IdentityHarness, Person, new_person

Accepts = Callable[[str], Awaitable[bool]]
Made = tuple[str, Accepts]
HOSTS = ("Host", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-For", "Forwarded", "X-Original-URL")


def altered(token: str) -> Iterator[str]:
    """Yield *token* with each letter another one, at each shorter length, and longer."""
    yield from (f"{token[:at]}{'A' if token[at] != 'A' else 'B'}{token[at + 1 :]}" for at in range(len(token)))
    yield from (token[:length] for length in range(len(token)))
    yield from (token + more for more in ("A", "=", ".", "\n", " x", token))


async def refresh_token(house: IdentityHarness, _around: FakePeers) -> Made:
    async def accepts(token: str) -> bool:
        return (await house.refresh(token)).status == 200

    return (await house.member()).refresh, accepts


async def access_token(house: IdentityHarness, _around: FakePeers) -> Made:
    async def accepts(token: str) -> bool:
        if not token.isprintable():
            return False  # no header can hold it
        reply = await house.call("GET", "/v1/identity/me", headers={"Authorization": f"Bearer {token}"})
        return reply.status == 200

    return (await house.member()).access, accepts


async def age_token(house: IdentityHarness, _around: FakePeers) -> Made:
    async def accepts(token: str) -> bool:
        eve = new_person("eve")
        body = {"age_token": token, "email": eve.email, "password": eve.password}
        return (await house.call("POST", "/v1/identity/accounts", body)).status == 202

    return await house.age_token(), accepts


async def verification_link(house: IdentityHarness, _around: FakePeers) -> Made:
    ada = new_person()
    await house.ask_for_account(ada)

    async def accepts(token: str) -> bool:
        return (await house.call("POST", "/v1/identity/verifications", {"token": token})).status < 300

    return await house.emailed_token(ada), accepts


async def authorization_code(house: IdentityHarness, _around: FakePeers) -> Made:
    verifier = new_token()
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    app = {"client_id": "desktop", "redirect_uri": "example.candor:/in"}
    body = {**app, "code_challenge": challenge, "code_challenge_method": "S256"}
    sent_to = (await house.call("POST", "/oauth/authorizations", body, by=await house.member())).body["redirect_to"]

    async def accepts(token: str) -> bool:
        form = {**app, "grant_type": "authorization_code", "code": token, "code_verifier": verifier}
        return (await house.call("POST", "/oauth/token", form=form)).status == 200

    return parse_qs(urlsplit(sent_to).query)["code"][0], accepts


async def client_secret(house: IdentityHarness, around: FakePeers) -> Made:
    agreement = new_id("agr")
    around.agreements[agreement] = (True, ["contact.read"], house.clock() + timedelta(days=9))
    body = {"name": "Post", "agreement_id": agreement, "scopes": ["contact.read"]}
    made = await house.call("POST", "/v1/identity/partner-clients", body, by=house.staff["admin"], once=True)

    async def accepts(token: str) -> bool:
        form = {"grant_type": "client_credentials", "client_id": made.body["client_id"], "client_secret": token}
        return (await house.call("POST", "/oauth/token", form=form)).status == 200

    return made.body["client_secret"], accepts


async def app_password(house: IdentityHarness, _around: FakePeers) -> Made:
    ada = await house.member()
    username = (await house.call("GET", "/v1/identity/me", by=ada)).body["username"]
    body = {"label": "laptop", "scope": "read"}
    made = await house.call("POST", "/v1/identity/app-passwords", body, by=ada, once=True)

    async def accepts(token: str) -> bool:
        request = identity_v1.CredentialVerifyRequest(username=username, app_password=token)
        reply = await house.call_rpc("identity.credential.verify", request, purpose=Purpose.SYNC)
        return bool(reply.accepted)

    return made.body["app_password"], accepts


KINDS = (
    *(refresh_token, access_token, age_token, verification_link),
    *(authorization_code, client_secret, app_password),
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
async def test_I05_I06_a_token_altered_at_any_letter_or_length_is_refused(
    identity: IdentityHarness, around: FakePeers, kind: Callable[[IdentityHarness, FakePeers], Awaitable[Made]]
) -> None:
    token, accepts = await kind(identity, around)
    taken = [wrong for wrong in altered(token) if await accepts(wrong)]
    assert taken == []
    assert await accepts(token), "the one true spelling is accepted, whatever was tried before"


@pytest.mark.parametrize("header", HOSTS)
async def test_I07_no_header_decides_a_link_or_an_address(identity: IdentityHarness, header: str) -> None:
    sent = {header: "host=evil.example;for=6.6.6.6" if header == "Forwarded" else "evil.example"}
    ada: Person = new_person()
    await identity.ask_for_account(ada, headers=sent)
    [letter] = await identity.emails_to(ada.email)
    assert "http://candor.example/" in letter.text
    told = await identity.call("GET", "/.well-known/openid-configuration", headers=sent)
    member = await identity.member()
    body = {
        "client_id": "desktop",
        "redirect_uri": "example.candor:/in",
        "code_challenge": "x" * 43,
        "code_challenge_method": "S256",
    }
    back = await identity.call("POST", "/oauth/authorizations", body, by=member, headers=sent)
    refused = await identity.call("POST", "/oauth/token", form={}, headers=sent)
    for reply in (told, back, refused):
        assert "evil" not in f"{reply.body} {dict(reply.headers)}"
    assert "evil" not in letter.text
    assert back.body["redirect_to"].startswith("example.candor:/in?")
