"""Identity, opened once for all tests of this folder; each test brings its own people."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.ids import new_id
from tests.integration.identity.fake_services import FakePeers, open_fake_peers
from tests.integration.identity.harness import IdentityHarness, Person, build_settings, open_harness
from tests.support import FixedClock, RawWriter
from tests.support.vhosts import own_vhost

STAFF = {
    "support": "violet engine under seven rivers",
    "disclosure": "copper sailor over nine bridges",
    "admin": "quiet lantern beyond nine harbours",
}


@pytest.fixture(scope="session")
async def amqp_url(amqp_url: str) -> str:
    """The broker, in a virtual host of its own."""
    return await own_vhost(amqp_url, "identity")


APPS = [
    {
        "client_id": "desktop",
        "name": "Candor Desktop",
        "redirect_uris": ["example.candor:/in", "http://127.0.0.1:7777/"],
    },
    {"client_id": "phone", "name": "Candor Phone", "redirect_uris": ["https://app.candor.example/in?from=phone"]},
]


@pytest.fixture(scope="package")
async def around(amqp_url: str) -> AsyncIterator[FakePeers]:
    """The five others."""
    async with open_fake_peers(amqp_url) as found:
        yield found


@pytest.fixture(scope="package")
async def at_home(
    mongo_url: str, amqp_url: str, planter: RawWriter, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[IdentityHarness]:
    """The service with three members of staff."""
    database = new_id("test")
    staff = [{"email": f"{role}@staff.example", "password": word, "roles": [role]} for role, word in STAFF.items()]
    settings = build_settings(
        tmp_path_factory.mktemp("identity"),
        mongo_url=mongo_url,
        amqp_url=amqp_url,
        database=database,
        IDENTITY_STAFF=json.dumps(staff),
        IDENTITY_OAUTH_CLIENTS=json.dumps(APPS),
    )
    async with open_harness(settings, FixedClock()) as opened:
        yield opened
    await planter.drop_database(database)


@pytest.fixture
async def identity(at_home: IdentityHarness) -> IdentityHarness:
    """The service, its staff logged in."""
    # Other processes of a test may have revoked sessions: they are read from the database, as its worker does.
    trust: Any = at_home.parts.token_trust
    await trust.load_revocations(at=at_home.clock())
    await staff_in(at_home)
    return at_home


@pytest.fixture
async def apart(mongo_url: str, amqp_url: str, planter: RawWriter, tmp_path: Path) -> AsyncIterator[IdentityHarness]:
    """A service of its own, its staff logged in: for tests in which days go by."""
    database = new_id("test")
    staff = [{"email": f"{role}@staff.example", "password": word, "roles": [role]} for role, word in STAFF.items()]
    settings = build_settings(
        tmp_path, mongo_url=mongo_url, amqp_url=amqp_url, database=database, IDENTITY_STAFF=json.dumps(staff)
    )
    async with open_harness(settings, FixedClock()) as opened:
        await staff_in(opened)
        yield opened
    await planter.drop_database(database)


async def staff_in(opened: IdentityHarness) -> None:
    """Log the staff in, unless the sessions of an earlier test are as good as new."""
    if opened.clock() - opened.staff_since < timedelta(minutes=1) and await all_let_in(opened):
        return
    for role, word in STAFF.items():
        opened.staff[role] = await opened.log_in(Person(email=f"{role}@staff.example", password=word))
    opened.staff_since = opened.clock()


async def all_let_in(opened: IdentityHarness) -> bool:
    """Tell whether each of the staff has a session that is accepted."""
    answers = [await opened.call("GET", "/v1/identity/me", by=person) for person in opened.staff.values()]
    return len(answers) == len(STAFF) and all(answer.status == 200 for answer in answers)
