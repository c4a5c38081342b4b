"""The token endpoint, revocation, introspection, metadata; the clients of partners (C13)."""

import base64
from datetime import timedelta
from typing import Any

import pytest

from services.identity.service.oauth.client_cache import PartnerClientCache
from services.identity.service.oauth.partner_clients import PartnerClientService
from services.identity.store import PartnerClients, RevokedSessions
from shared.contracts import disclosure_v1, identity_v1
from shared.ids import new_id, sha256_digest
from tests.integration.identity.fake_services import FakePeers
from tests.integration.identity.harness import IdentityHarness, Reply

PARTNERS = "/v1/identity/partner-clients"


class Client:
    """A partner's program."""

    def __init__(self, house: IdentityHarness, made: Reply, agreement: str) -> None:
        self.house, self.agreement = house, agreement
        self.id, self.secret = made.body["client_id"], made.body["client_secret"]

    async def token(self, scope: str = "") -> Reply:
        form = {"grant_type": "client_credentials", "client_id": self.id, "client_secret": self.secret}
        return await self.house.call("POST", "/oauth/token", form={**form, "scope": scope})

    async def introspect(self, token: str) -> Reply:
        form = {"client_id": self.id, "client_secret": self.secret, "token": token}
        return await self.house.call("POST", "/oauth/introspect", form=form)

    async def revoke(self, token: str) -> Reply:
        form = {"client_id": self.id, "client_secret": self.secret, "token": token}
        return await self.house.call("POST", "/oauth/revoke", form=form)


async def make(identity: IdentityHarness, agreement: str, scopes: list[str]) -> Reply:
    body = {"name": "Post Office", "agreement_id": agreement, "scopes": scopes}
    return await identity.call("POST", PARTNERS, body, by=identity.staff["admin"], once=True)


@pytest.fixture
async def client(identity: IdentityHarness, around: FakePeers) -> Client:
    agreement = new_id("agr")
    around.agreements[agreement] = (True, ["partners.read", "partners.ship"], identity.clock() + timedelta(days=90))
    made = await make(identity, agreement, ["partners.read", "partners.ship"])
    assert made.status == 201, made
    return Client(identity, made, agreement)


async def test_a_partner_gets_a_token_with_the_scopes_of_its_agreement(client: Client) -> None:
    granted = await client.token()
    assert (granted.status, granted.body["scope"]) == (200, "partners.read partners.ship")
    told = await client.introspect(granted.body["access_token"])
    assert (told.body["active"], told.body["client_id"]) == (True, client.id)
    assert granted.headers["Cache-Control"] == "no-store"


async def test_the_credentials_may_come_in_the_header_but_not_twice(client: Client) -> None:
    header = base64.b64encode(f"{client.id}:{client.secret}".encode()).decode()
    sent = {"Authorization": f"Basic {header}"}
    form = {"grant_type": "client_credentials"}
    assert (await client.house.call("POST", "/oauth/token", form=form, headers=sent)).status == 200
    twice = {**form, "client_secret": client.secret}
    assert (await client.house.call("POST", "/oauth/token", form=twice, headers=sent)).status == 400


async def test_I11_a_client_never_gets_a_scope_that_it_lacks(client: Client, around: FakePeers) -> None:
    assert (await client.token("partners.read")).body["scope"] == "partners.read"
    assert (await client.token("partners.read admin")).body["error"] == "invalid_scope"
    ends_at = client.house.clock() + timedelta(days=90)
    around.agreements[client.agreement] = (True, ["partners.read", "partners.more"], ends_at)
    client.house.clock.advance(timedelta(seconds=61))
    assert (await client.token()).body["scope"] == "partners.read"


async def test_I11_no_client_is_made_beyond_its_agreement_or_by_a_partner(
    identity: IdentityHarness, client: Client, around: FakePeers
) -> None:
    refused = await make(identity, client.agreement, ["partners.read", "identity.everything"])
    assert refused.code == "identity.partner_client.agreement_not_active"
    assert (
        await make(identity, new_id("agr"), ["partners.read"])
    ).code == "identity.partner_client.agreement_not_active"
    body = {"name": "Mine", "agreement_id": client.agreement, "scopes": ["partners.read"]}
    token = {"Authorization": f"Bearer {(await client.token()).body['access_token']}"}
    assert (await identity.call("POST", PARTNERS, body, headers=token, once=True)).status == 403


async def test_C13_I02_an_ended_agreement_ends_the_partners_access(client: Client, around: FakePeers) -> None:
    token = (await client.token()).body["access_token"]
    around.agreements[client.agreement] = (False, [], client.house.clock())
    fact = disclosure_v1.AgreementEnded(agreement_id=client.agreement)
    fact.ended_at.FromDatetime(client.house.clock())
    await client.house.record_events(fact, of="disclosure")
    assert (await client.token()).body["error"] == "unauthorized_client"
    assert (await client.introspect(token)).body == {"active": False}
    ended = [fact.session_id for fact in await client.house.events(identity_v1.SessionRevoked)]
    assert len(ended) > 0


async def test_C13_a_token_does_not_outlive_its_agreement(client: Client, around: FakePeers) -> None:
    client.house.clock.advance(timedelta(seconds=61))
    around.agreements[client.agreement] = (True, ["partners.read"], client.house.clock() + timedelta(seconds=30))
    assert (await client.token()).body["expires_in"] <= 30
    client.house.clock.advance(timedelta(seconds=30))
    assert (await client.token()).body["error"] == "unauthorized_client"


async def test_an_agreement_is_asked_for_once_a_minute(client: Client, around: FakePeers) -> None:
    client.house.clock.advance(timedelta(seconds=61))
    before = len(around.asked)
    for _ in range(5):
        await client.token()
    assert len(around.asked) == before + 1


@pytest.mark.parametrize("secret", ["", "wrong", None])
async def test_I05_a_wrong_or_shortened_secret_is_refused(client: Client, secret: str | None) -> None:
    client.secret = client.secret[:-1] if secret is None else secret
    refused = await client.token()
    assert (refused.status, refused.body["error"]) == (401, "invalid_client")
    assert refused.headers["WWW-Authenticate"].startswith("Basic")


async def test_an_ended_client_gets_nothing_more(identity: IdentityHarness, client: Client) -> None:
    token = (await client.token()).body["access_token"]
    assert (await identity.call("DELETE", f"{PARTNERS}/{client.id}", by=identity.staff["admin"])).status == 204
    assert (await client.token()).body["error"] == "invalid_client"
    refused = await identity.call("GET", "/v1/identity/me", headers={"Authorization": f"Bearer {token}"})
    assert refused.code == "auth.session.revoked"
    listed = await identity.call("GET", f"{PARTNERS}?limit=200", by=identity.staff["admin"])
    [mine] = [item for item in listed.body["items"] if item["client_id"] == client.id]
    assert mine["revoked_at"] is not None
    assert "client_secret" not in mine


async def test_a_repeated_request_does_not_make_a_second_client(identity: IdentityHarness, client: Client) -> None:
    body = {"name": "Twice", "agreement_id": client.agreement, "scopes": ["partners.read"]}
    key = {"Idempotency-Key": new_id("key")}
    first = await identity.call("POST", PARTNERS, body, by=identity.staff["admin"], headers=key)
    second = await identity.call("POST", PARTNERS, body, by=identity.staff["admin"], headers=key)
    assert (first.status, second.status) == (201, 409)


async def rotate(client: Client, hours: int, key: str = "") -> Reply:
    path, admin = f"{PARTNERS}/{client.id}/secret-rotations", client.house.staff["admin"]
    headers = {"Idempotency-Key": key or new_id("key")}
    return await client.house.call("POST", path, {"overlap_hours": hours}, by=admin, headers=headers)


async def test_a_secret_is_rotated_with_an_overlap_in_which_both_work(client: Client) -> None:
    token, old = (await client.token()).body["access_token"], client.secret
    rotated = await rotate(client, 24)
    assert (rotated.status, (await client.token()).status) == (201, 200)
    assert (await client.introspect(token)).body["active"]
    client.secret = rotated.body["client_secret"]
    assert (await client.token()).status == 200
    client.house.clock.advance(timedelta(hours=24))
    assert (await client.token()).status == 200
    client.secret = old
    assert (await client.token()).body["error"] == "invalid_client"


async def test_a_second_rotation_ends_the_secret_before_the_last(client: Client) -> None:
    first = client.secret
    second = (await rotate(client, 24)).body["client_secret"]
    third = (await rotate(client, 24)).body["client_secret"]
    statuses = []
    for client.secret in (first, second, third):
        statuses.append((await client.token()).status)
    assert statuses == [401, 200, 200]


async def test_what_another_replica_did_to_a_client_counts_here_at_once(client: Client) -> None:
    assert (await client.token()).status == 200  # cached from here on
    clients, at = PartnerClients(client.house.chassis.db), client.house.clock()
    stored = await clients.get(client.id)
    assert stored is not None
    rotated = await clients.rotate_secret(
        stored, sha256_digest("another"), rotation_id="elsewhere", previous_expires_at=at + timedelta(hours=1)
    )
    assert (rotated, (await client.token()).status) == (True, 200)
    client.secret = "another"
    assert (await client.token()).status == 200
    assert await clients.revoke(stored, at=at)
    fact = identity_v1.SessionRevoked(session_id=stored.grant_id)
    fact.tokens_expire_at.FromDatetime(at + timedelta(minutes=6))
    await client.house.record_events(fact, of="identity")
    assert (await client.token()).body["error"] == "invalid_client"


async def test_a_stolen_secret_ends_at_once_with_its_tokens(client: Client) -> None:
    token, old = (await client.token()).body["access_token"], client.secret
    client.secret = (await rotate(client, 0)).body["client_secret"]
    assert (await client.introspect(token)).body == {"active": False}
    assert (await client.token()).status == 200
    client.secret = old
    assert (await client.token()).status == 401


async def test_a_rotation_that_is_repeated_after_a_crash_keeps_the_secret_of_before(client: Client) -> None:
    chassis, at = client.house.chassis, client.house.clock()
    unused: Any = None
    clients = PartnerClients(chassis.db)
    service = PartnerClientService(
        partner_clients=clients,
        client_cache=PartnerClientCache(
            partner_clients=clients, revoked_sessions=RevokedSessions(chassis.db), clock=client.house.clock
        ),
        transact=chassis.db.with_transaction,
        new_id=chassis.new_id,
        **dict.fromkeys(("agreement_client", "session_revoker", "signing_keys"), unused),
    )
    old, day = client.secret, timedelta(hours=24)
    made = [await service.rotate_secret(client.id, overlap=day, idempotency_key="the same", at=at) for _ in range(2)]
    for client.secret in (old, made[1].secret):
        assert (await client.token()).status == 200


async def test_revoked_and_unknown_clients_get_no_secret(client: Client) -> None:
    assert (await client.house.call("DELETE", f"{PARTNERS}/{client.id}", by=client.house.staff["admin"])).status == 204
    assert (await rotate(client, 721)).code == "http.request.invalid"
    assert (await rotate(client, 1)).code == "identity.partner_client.not_found"
    client.id = "cli_unknown"
    assert (await rotate(client, 1)).code == "identity.partner_client.not_found"


async def test_revoking_a_partners_tokens_takes_its_own_credentials(identity: IdentityHarness, client: Client) -> None:
    token = (await client.token()).body["access_token"]
    stranger = await identity.call("POST", "/oauth/revoke", form={"token": token})
    assert (stranger.status, stranger.body["error"]) == (401, "invalid_client")
    assert (await client.revoke(token)).status == 200
    assert (await client.introspect(token)).body == {"active": False}
    assert (await client.token()).status == 200


@pytest.mark.parametrize("which", ["access", "refresh"])
async def test_either_token_of_a_session_revokes_it(identity: IdentityHarness, which: str) -> None:
    ada = await identity.member()
    assert (await identity.call("POST", "/oauth/revoke", form={"token": getattr(ada, which)})).status == 200
    assert (await identity.call("GET", "/v1/identity/me", by=ada)).status == 401
    assert (await identity.refresh(ada.refresh)).body["error"] == "invalid_grant"


async def test_revoking_what_is_no_token_is_no_error(identity: IdentityHarness) -> None:
    assert (await identity.call("POST", "/oauth/revoke", form={"token": "nothing"})).status == 200


async def test_nobody_learns_about_the_tokens_of_others(identity: IdentityHarness, client: Client) -> None:
    ada, eve = await identity.member(), await identity.member("eve")
    asked = await identity.call("POST", "/oauth/introspect", form={"token": ada.access}, by=eve)
    assert asked.body == {"active": False}
    assert (await client.introspect(ada.access)).body == {"active": False}
    own = await identity.call("POST", "/oauth/introspect", form={"token": ada.access}, by=ada)
    assert own.body["sub"] == ada.account_id
    assert (await identity.call("POST", "/oauth/introspect", form={"token": ada.access})).status == 401


@pytest.mark.parametrize("grant", ["password", "implicit", "token", "urn:x"])
async def test_I10_other_grants_do_not_exist(identity: IdentityHarness, grant: str) -> None:
    ada = await identity.member()
    form = {"grant_type": grant, "username": ada.email, "password": ada.password}
    refused = await identity.call("POST", "/oauth/token", form=form)
    assert refused.body["error"] == "unsupported_grant_type"
    metadata = (await identity.call("GET", "/.well-known/openid-configuration")).body
    assert grant not in metadata["grant_types_supported"]
    assert metadata["response_types_supported"] == ["code"]


async def test_an_oauth_error_is_also_a_problem(identity: IdentityHarness) -> None:
    refused = await identity.call("POST", "/oauth/token", form={})
    assert refused.body["error"] == "invalid_request"
    assert {"type", "title", "status", "detail", "code", "remedy", "instance"} <= set(refused.body)
    assert refused.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize(
    ("error", "request_parts"),
    [
        ("invalid_request", {"body": {"grant_type": "refresh_token"}}),
        ("invalid_request", {"form": {"grant_type": "x" * 5_000}}),
        ("invalid_request", {"form": {}, "headers": {"Content-Encoding": "gzip"}}),
        ("invalid_request", {"form": [("grant_type", "refresh_token"), ("grant_type", "x")]}),
        ("invalid_request", {"method": "GET"}),
    ],
    ids=["no form", "too long", "compressed", "twice", "another method"],
)
@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke", "/oauth/introspect"])
async def test_each_error_of_an_oauth_endpoint_has_a_member_error(
    identity: IdentityHarness, path: str, error: str, request_parts: dict[str, Any]
) -> None:
    parts = {"method": "POST", **request_parts}
    refused = await identity.call(parts.pop("method"), path, parts.pop("body", None), **parts)
    assert (refused.status >= 400, refused.body["error"]) == (True, error)
    assert refused.body["error_description"]
    assert refused.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize("state", ["expired", "revoked", "no token"])
async def test_a_refresh_that_carries_an_access_token_of_no_use_works(identity: IdentityHarness, state: str) -> None:
    ada = await identity.member()
    if state == "expired":
        identity.clock.advance(timedelta(minutes=6))
    elif state == "revoked":
        other = await identity.log_in(ada)
        await identity.call("DELETE", "/v1/identity/sessions/current", by=other)
        ada.access = other.access
    else:
        ada.access = "nothing"
    headers = {"Authorization": f"Bearer {ada.access}"}
    form = {"grant_type": "refresh_token", "refresh_token": ada.refresh}
    assert (await identity.call("POST", "/oauth/token", form=form, headers=headers)).status == 200
    again = {"email": ada.email, "password": ada.password}
    assert (await identity.call("POST", "/v1/identity/sessions", again, headers=headers)).status == 201
    for path in ("/.well-known/jwks.json", "/.well-known/openid-configuration"):
        assert (await identity.call("GET", path, headers=headers)).status == 200
    assert (await identity.call("GET", "/v1/identity/me", headers=headers)).status == 401


async def test_I07_the_metadata_names_the_public_address(identity: IdentityHarness) -> None:
    told = await identity.call("GET", "/.well-known/openid-configuration", headers={"X-Forwarded-Host": "evil.example"})
    assert told.body["issuer"] == "http://candor.example"
    assert "evil" not in str(told.body)
