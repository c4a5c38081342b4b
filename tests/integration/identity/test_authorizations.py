"""Codes with PKCE for the company's apps (OAuth 2.1, RFC 9700): bound, short-lived, good for one use."""

import asyncio
import base64
import hashlib
import json
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jws

from shared.ids import new_token
from tests.architecture.tree import ROOT
from tests.integration.identity.harness import PUBLIC_URL, IdentityHarness, Person, Reply

REDIRECT = "example.candor:/in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desktop:
    """An app on a customer's machine."""

    house: IdentityHarness
    verifier: str
    client_id: str = "desktop"
    redirect_uri: str = REDIRECT

    @property
    def challenge(self) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")

    async def look(self, person: Person | None, **changed: str) -> Reply:
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            **changed,
        }
        return await self.house.call("GET", f"/oauth/authorizations?{urlencode(query)}", by=person)

    async def ask(self, person: Person | None, **changed: object) -> Reply:
        body = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            "state": "a state&more",
            **changed,
        }
        return await self.house.call("POST", "/oauth/authorizations", body, by=person)

    async def code(self, person: Person, **changed: str) -> str:
        sent_to = str((await self.ask(person, **changed)).body["redirect_to"])
        [code] = parse_qs(urlsplit(sent_to).query)["code"]
        return code

    async def tokens(self, code: str) -> Reply:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }
        return await self.house.call("POST", "/oauth/token", form=form)

    async def refresh(self, token: str, client_id: str = "desktop") -> Reply:
        form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": client_id}
        return await self.house.call("POST", "/oauth/token", form=form)

    async def me(self, token: str) -> Reply:
        return await self.house.call("GET", "/v1/identity/me", headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def desktop(identity: IdentityHarness) -> Desktop:
    return Desktop(house=identity, verifier=new_token())


async def test_an_app_gets_tokens_of_its_own_session(desktop: Desktop) -> None:
    ada = await desktop.house.member()
    granted = await desktop.tokens(await desktop.code(ada))
    assert granted.status == 200
    assert (await desktop.me(granted.body["access_token"])).body["account_id"] == ada.account_id
    listed = await desktop.house.call("GET", "/v1/identity/sessions", by=ada)
    assert {item["client"] for item in listed.body["items"]} >= {"Candor Desktop"}
    again = await desktop.refresh(granted.body["refresh_token"])
    assert again.status == 200


async def test_the_token_of_an_app_names_the_app_and_its_scope(desktop: Desktop) -> None:
    ada = await desktop.house.member()
    granted = await desktop.tokens(await desktop.code(ada))
    again = await desktop.refresh(granted.body["refresh_token"])
    for reply in (granted, again):
        claims = jws.extract_compact(reply.body["access_token"].encode()).payload
        told = json.loads(claims)
        assert (told["client_id"], told["scope"], reply.body["scope"]) == ("desktop", "account", "account")
        assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} <= set(told)  # RFC 9068, 2.2
    shown = await desktop.house.call(
        "POST", "/oauth/introspect", form={"token": again.body["access_token"]}, by=replace(ada)
    )
    assert (shown.body["client_id"], shown.body["scope"]) == ("desktop", "account")


async def test_no_two_tokens_have_the_same_id_and_a_login_without_an_app_is_the_houses_own(desktop: Desktop) -> None:
    ada = await desktop.house.member()
    granted = [await desktop.house.refresh(ada.refresh) for _ in range(2)]
    told = [json.loads(jws.extract_compact(each.body["access_token"].encode()).payload) for each in granted]
    assert told[0]["jti"] != told[1]["jti"]
    assert {each["client_id"] for each in told} == {"candor"}
    assert "scope" not in told[0]


async def test_the_answer_carries_state_and_issuer_and_keeps_the_query(desktop: Desktop) -> None:
    phone = replace(desktop, client_id="phone", redirect_uri="https://app.candor.example/in?from=phone")
    sent_to = (await phone.ask(await desktop.house.member())).body["redirect_to"]
    assert sent_to.startswith("https://app.candor.example/in?from=phone&code=")
    query = parse_qs(urlsplit(sent_to).query)
    assert (query["state"], query["iss"]) == (["a state&more"], [PUBLIC_URL])


@pytest.mark.parametrize(
    "redirect",
    [
        *("example.candor:/in/", "example.candor:/IN", "example.candor:/in?x=1", "example.candor:/in#x", "*", "."),
        *("http://127.0.0.1:7777", "http://localhost:7777/", "http://127.0.0.1:7777//", "http://127.0.0.1:0/"),
        *("http://127.0.0.1:65536/", "http://127.0.0.1:/", "http://127.0.0.1:7777/?x=1", "http://[::1]:7777/"),
        *("http://127.0.0.2:7777/", "http://127.0.0.1:7777@evil.example/", "https://127.0.0.1:7777/"),
        *("http://127.0.0.1.evil.example:7777/", "http://127.0.0.1:77x7/", "http://127.0.0.1:7777/\n"),
        *("https://app.candor.example/in?from=phone", "https://evil.example/", "example.candor:/in\n"),
    ],
)
async def test_I09_only_a_registered_address_is_redirected_to(desktop: Desktop, redirect: str) -> None:
    refused = await desktop.ask(await desktop.house.member(), redirect_uri=redirect)
    assert refused.code == "identity.authorization_request.invalid"
    assert "redirect_to" not in refused.body


async def test_an_unknown_app_is_refused(desktop: Desktop) -> None:
    refused = await desktop.ask(await desktop.house.member(), client_id="nobody")
    assert refused.code == "identity.authorization_request.invalid"


@pytest.mark.parametrize("port", ["", ":1", ":51234", ":65535"])
async def test_a_native_app_listens_on_any_port_of_loopback(desktop: Desktop, port: str) -> None:
    ada, app = await desktop.house.member(), replace(desktop, redirect_uri=f"http://127.0.0.1{port}/")
    sent_to = str((await app.ask(ada)).body["redirect_to"])
    assert sent_to.startswith(f"http://127.0.0.1{port}/?code=")
    [code] = parse_qs(urlsplit(sent_to).query)["code"]
    other = replace(app, redirect_uri="http://127.0.0.1:2/")
    assert (await app.tokens(code)).status == 200
    assert (await other.tokens(await app.code(ada))).body["error"] == "invalid_grant"


WRONG_REQUESTS = {
    "another method": ({"code_challenge_method": "plain"}, "invalid_request"),
    "no method": ({"code_challenge_method": ""}, "invalid_request"),
    "no challenge": ({"code_challenge": ""}, "invalid_request"),
    "a short challenge": ({"code_challenge": "x" * 42}, "invalid_request"),
    "a long challenge": ({"code_challenge": "x" * 44}, "invalid_request"),
    "no response type": ({"response_type": ""}, "invalid_request"),
    "a token": ({"response_type": "token"}, "unsupported_response_type"),
    "a code and a token": ({"response_type": "code token"}, "unsupported_response_type"),
    "an unknown scope": ({"scope": "admin"}, "invalid_scope"),
    "a scope twice": ({"scope": "account account"}, "invalid_scope"),
}


@pytest.mark.parametrize(("changed", "error"), WRONG_REQUESTS.values(), ids=WRONG_REQUESTS.keys())
async def test_I09_the_app_is_told_of_a_wrong_request_and_gets_no_code(
    desktop: Desktop, changed: dict[str, str], error: str
) -> None:
    ada, state = await desktop.house.member(), "x" * 3_000
    looked = await desktop.look(None, state=state, **changed)
    for allow in (True, False):
        decided = await desktop.ask(ada, state=state, allow=allow, **changed)
        assert decided.body["redirect_to"] == looked.body["redirect_to"]
    query = parse_qs(urlsplit(looked.body["redirect_to"]).query)
    assert query.pop("error_description")
    assert query == {"error": [error], "state": [state], "iss": [PUBLIC_URL]}


async def test_a_repeated_parameter_is_told_to_the_app(desktop: Desktop) -> None:
    looked = await desktop.look(None, repeated="scope state")
    assert "error=invalid_request&error_description=scope+is+repeated" in looked.body["redirect_to"]


async def test_a_code_needs_no_redirect_uri_at_the_token_endpoint(desktop: Desktop) -> None:
    ada = await desktop.house.member()
    code = await desktop.code(ada)
    assert (await replace(desktop, redirect_uri="").tokens(code)).status == 200
    thief = replace(desktop, redirect_uri="", verifier=new_token())
    assert (await thief.tokens(await desktop.code(ada))).body["error"] == "invalid_grant"


def basic(client_id: str, secret: str = "") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


async def test_an_app_may_name_itself_as_a_user_without_a_password(desktop: Desktop) -> None:
    ada, call = await desktop.house.member(), desktop.house.call
    form = {"grant_type": "authorization_code", "code_verifier": desktop.verifier}
    granted = await call(
        "POST", "/oauth/token", form={**form, "code": await desktop.code(ada)}, headers=basic("desktop")
    )
    refresh = {"grant_type": "refresh_token", "refresh_token": granted.body["refresh_token"]}
    assert (await call("POST", "/oauth/token", form=refresh)).body["error"] == "invalid_client"
    for headers in (basic("desktop", "a secret"), basic("phone")):
        refused = await call("POST", "/oauth/token", form={**refresh, "client_id": "desktop"}, headers=headers)
        assert refused.body["error"] == "invalid_client"
    assert (await call("POST", "/oauth/token", form=refresh, headers=basic("desktop"))).status == 200


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
async def test_the_token_of_an_app_is_revoked_for_that_app_alone(desktop: Desktop, which: str) -> None:
    granted = (await desktop.tokens(await desktop.code(await desktop.house.member()))).body
    for client_id, error in (("", "invalid_client"), ("phone", "invalid_grant")):
        form = {"token": granted[which], "client_id": client_id}
        assert (await desktop.house.call("POST", "/oauth/revoke", form=form)).body["error"] == error
        assert (await desktop.me(granted["access_token"])).status == 200
    form = {"token": granted[which], "client_id": "desktop"}
    assert (await desktop.house.call("POST", "/oauth/revoke", form=form)).status == 200
    assert (await desktop.me(granted["access_token"])).status == 401


async def test_only_a_customer_lets_an_app_in(desktop: Desktop) -> None:
    assert (await desktop.ask(None)).status == 401
    assert (await desktop.ask(desktop.house.staff["admin"])).status == 403


async def test_a_second_use_of_a_code_ends_what_the_first_one_gave(desktop: Desktop) -> None:
    code = await desktop.code(await desktop.house.member())
    first = await desktop.tokens(code)
    desktop.house.clock.advance(timedelta(minutes=2))
    assert (await desktop.tokens(code)).body["error"] == "invalid_grant"
    assert (await desktop.me(first.body["access_token"])).code == "auth.session.revoked"
    assert (await desktop.refresh(first.body["refresh_token"])).body["error"] == "invalid_grant"


async def test_of_many_uses_at_once_no_tokens_stay(desktop: Desktop) -> None:
    code = await desktop.code(await desktop.house.member())
    replies = await asyncio.gather(*(desktop.tokens(code) for _ in range(5)))
    granted = [reply for reply in replies if reply.status == 200]
    assert len(granted) <= 1
    for reply in granted:
        assert (await desktop.me(reply.body["access_token"])).status == 401


async def test_a_code_is_dead_after_a_minute(desktop: Desktop) -> None:
    code = await desktop.code(await desktop.house.member())
    desktop.house.clock.advance(timedelta(seconds=61))
    assert (await desktop.tokens(code)).body["error"] == "invalid_grant"


async def test_a_code_is_bound_to_app_address_and_verifier_and_a_wrong_try_uses_it_up(desktop: Desktop) -> None:
    ada = await desktop.house.member()
    for wrong in (
        replace(desktop, verifier=new_token()),
        replace(desktop, client_id="phone"),
        replace(desktop, redirect_uri="http://127.0.0.1:7777/"),
    ):
        code = await desktop.code(ada)
        assert (await wrong.tokens(code)).body["error"] == "invalid_grant"
        assert (await desktop.tokens(code)).body["error"] == "invalid_grant"


@pytest.mark.parametrize("verifier", ["", "short", "x" * 42, "x" * 129, "ü" * 50])
async def test_a_verifier_of_another_form_is_refused(desktop: Desktop, verifier: str) -> None:
    code = await desktop.code(await desktop.house.member())
    assert (await replace(desktop, verifier=verifier).tokens(code)).body["error"] == "invalid_request"
    assert (await desktop.tokens(code)).status == 200


async def test_a_log_out_takes_the_codes_along(desktop: Desktop) -> None:
    ada = await desktop.house.member()
    code = await desktop.code(ada)
    await desktop.house.call("DELETE", "/v1/identity/sessions/current", by=ada)
    assert (await desktop.tokens(code)).body["error"] == "invalid_grant"


async def test_the_refresh_token_of_an_app_is_good_for_no_other(desktop: Desktop) -> None:
    granted = await desktop.tokens(await desktop.code(await desktop.house.member()))
    for client_id, error in (("phone", "invalid_grant"), ("", "invalid_client")):
        assert (await desktop.refresh(granted.body["refresh_token"], client_id)).body["error"] == error
    assert (await desktop.refresh(granted.body["refresh_token"])).status == 200


async def test_an_app_that_is_let_in_is_no_fresh_log_in(desktop: Desktop) -> None:
    ada = await desktop.house.member()
    desktop.house.clock.advance(timedelta(minutes=4, seconds=30))
    granted = await desktop.tokens(await desktop.code(ada))
    desktop.house.clock.advance(timedelta(minutes=11))
    fresh = await desktop.refresh(granted.body["refresh_token"])
    sent = {"Authorization": f"Bearer {fresh.body['access_token']}"}
    stale = await desktop.house.call("GET", "/v1/identity/exports/exp_x/archive", headers=sent)
    assert stale.code == "auth.session.reauthentication_required"


async def test_the_metadata_says_what_there_is(desktop: Desktop) -> None:
    told = (await desktop.house.call("GET", "/.well-known/oauth-authorization-server")).body
    for_openid = (await desktop.house.call("GET", "/.well-known/openid-configuration")).body
    # What OpenID Discovery requires beyond RFC 8414; no ID token is issued.
    required = {"subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256"]}
    assert for_openid == {**told, **required}
    assert told["grant_types_supported"] == ["authorization_code", "refresh_token", "client_credentials"]
    assert (told["response_types_supported"], told["code_challenge_methods_supported"]) == (["code"], ["S256"])
    assert told["authorization_response_iss_parameter_supported"] is True
    assert told["authorization_endpoint"] == f"{PUBLIC_URL}/account/authorize"
    resource = (await desktop.house.call("GET", "/.well-known/oauth-protected-resource")).body
    assert (resource["resource"], resource["authorization_servers"]) == (PUBLIC_URL, [told["issuer"]])


async def test_the_page_that_asks_is_told_the_name_and_lets_nobody_in(desktop: Desktop) -> None:
    ada = await desktop.house.member()
    told = await desktop.look(ada)
    assert (told.body["name"], told.body["redirect_uri"]) == ("Candor Desktop", REDIRECT)
    assert told.body["scope_descriptions"]
    assert "code" not in told.body
    assert told.body["redirect_to"] is None
    assert (await desktop.ask(None)).status == 401


@pytest.mark.parametrize("changed", [{"client_id": "nobody"}, {"redirect_uri": "example.evil:/in"}])
async def test_I09_of_what_is_not_registered_the_page_is_told_nothing(
    desktop: Desktop, changed: dict[str, str]
) -> None:
    refused = await desktop.look(await desktop.house.member(), **changed)
    assert refused.code == "identity.authorization_request.invalid"
    assert "name" not in refused.body


async def test_an_app_that_is_denied_is_told_so_and_gets_no_code(desktop: Desktop) -> None:
    sent_to = (await desktop.ask(await desktop.house.member(), allow=False)).body["redirect_to"]
    query = parse_qs(urlsplit(sent_to).query)
    assert query == {"error": ["access_denied"], "state": ["a state&more"], "iss": [PUBLIC_URL]}


async def test_I09_a_denial_leads_to_a_registered_address_alone(desktop: Desktop) -> None:
    refused = await desktop.ask(await desktop.house.member(), allow=False, redirect_uri="https://evil.example/")
    assert refused.code == "identity.authorization_request.invalid"


def test_I10_the_code_for_other_grants_does_not_exist() -> None:
    found = {
        line.split('grant_type == "')[1].split('"')[0]
        for path in (ROOT / "services" / "identity").rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if 'grant_type == "' in line
    }
    assert found == {"authorization_code", "refresh_token", "client_credentials"}
    endpoints = (ROOT / "services/identity/api/oauth/authorization_server.py").read_text(encoding="utf-8")
    assert "password" not in endpoints
    assert "implicit" not in endpoints
