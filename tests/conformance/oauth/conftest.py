"""Identity, served under the address that it says it has, with an app, a partner and a customer."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from services.portal.api.well_known import WellKnownPages
from shared.clock import utc_now
from shared.ids import new_id, new_token
from tests.conformance.oauth.clients import Customer
from tests.integration.identity.fake_services import open_fake_peers
from tests.integration.identity.harness import IdentityHarness, Person, build_settings, open_harness
from tests.integration.identity.test_authorizations import Desktop
from tests.support import FixedClock, RawWriter
from tests.support.parts import free_ports
from tests.support.vhosts import own_vhost

ADMIN, WORD = "admin@staff.example", "quiet lantern beyond nine harbours"
APP = {"client_id": "desktop", "name": "Candor Desktop", "redirect_uris": ["http://127.0.0.1/in"]}


@pytest.fixture(scope="package")
async def served(
    mongo_url: str, amqp_url: str, planter: RawWriter, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[IdentityHarness, dict[str, Any]]]:
    """Identity, and what it gives to a partner."""
    port, database = free_ports()["identity"], new_id("test")
    amqp_url = await own_vhost(amqp_url, "oauth")
    async with open_fake_peers(amqp_url) as around:
        settings = build_settings(
            tmp_path_factory.mktemp("identity"),
            mongo_url=mongo_url,
            amqp_url=amqp_url,
            database=database,
            CANDOR_PUBLIC_URL=f"http://localhost:{port}",
            IDENTITY_STAFF=json.dumps([{"email": ADMIN, "password": WORD, "roles": ["admin"]}]),
            IDENTITY_OAUTH_CLIENTS=json.dumps([APP]),
        )
        # Libraries compare the times of a token with the clock of the machine.
        async with open_harness(settings, FixedClock(utc_now()), port=port) as identity:
            around.agreements["agr_1"] = (True, ["contact.read"], identity.clock() + timedelta(days=9))
            admin = await identity.log_in(Person(email=ADMIN, password=WORD))
            body = {"name": "Post", "agreement_id": "agr_1", "scopes": ["contact.read"]}
            made = await identity.call("POST", "/v1/identity/partner-clients", body, by=admin, once=True)
            yield identity, {"partner_id": made.body["client_id"], "partner_secret": made.body["client_secret"]}
    await planter.drop_database(database)


async def allow_app(identity: IdentityHarness, person: Person, url: str) -> str:
    """Do what the consent page does: redirect a wrong request at once, and allow a right one."""
    query = urlsplit(url).query
    looked = await identity.call("GET", f"/oauth/authorizations?{query}")
    if looked.body["redirect_to"]:
        return str(looked.body["redirect_to"])
    body = {name: value for name, [value] in parse_qs(query).items()}
    return str((await identity.call("POST", "/oauth/authorizations", body, by=person)).body["redirect_to"])


@pytest.fixture
async def asked(served: tuple[IdentityHarness, dict[str, Any]], person: Person) -> dict[str, Any]:
    """What a client is told."""
    identity, partner = served
    return {
        "issuer": identity.settings.common.public_url,
        "client_id": "desktop",
        "redirect_uri": "http://127.0.0.1:51234/in",
        "access_token": await app_token(identity, person),
        "security_txt": await read_security_txt(),
        **partner,
    }


@pytest.fixture
async def person(served: tuple[IdentityHarness, dict[str, Any]]) -> Person:
    """A customer who is logged in."""
    return await served[0].member()


@pytest.fixture
def customer(served: tuple[IdentityHarness, dict[str, Any]], person: Person) -> Customer:
    """The browser of the customer."""
    identity, _ = served
    return Customer(open_in_browser=lambda url: allow_app(identity, person, url), advance_clock=identity.clock.advance)


async def app_token(identity: IdentityHarness, person: Person) -> str:
    """Return an access token of the app."""
    app = Desktop(house=identity, verifier=new_token(), redirect_uri="http://127.0.0.1/in")
    return str((await app.tokens(await app.code(person))).body["access_token"])


async def read_security_txt() -> str:
    """Return the text as the portal serves it, at a public address."""
    unused: Any = None
    pages = WellKnownPages(
        public_url="https://candor.example",
        contact="mailto:security@candor.example",
        key_url=None,
        reviewed_on=utc_now(),
        static_files=unused,
    )
    return str((await pages.show_security_txt(unused)).text)
