"""Every service on the chassis over the real database, and what shows that bad input leaves no trace in it."""

import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from shared.clock import utc_now
from shared.ids import new_id
from shared.web import Principal, Route
from tests.support import RawWriter
from tests.support.http import Reply, Site
from tests.support.logs import Lines, logs_of
from tests.support.services import SERVICES, composed, serving_service


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One service as an attacker meets it."""

    name: str
    site: Site
    routes: tuple[Route, ...]
    database: Any

    def caller(self, route: Route) -> Principal | None:
        """Return a caller whom *route* lets in."""
        if route.access.public:
            return None
        rule = route.access.rules[0]
        return Principal(
            kind=rule.kind,
            id="acc_00000000000000000000000000",
            session="ses_00000000000000000000000000",
            roles=rule.roles,
            scopes=frozenset({rule.scope} if rule.scope else ()),
            auth_time=utc_now(),
        )

    def headers(self, route: Route, **more: str) -> dict[str, str]:
        """Return the headers that *route* wants of an honest caller, each caller with an address of its own."""
        who = self.caller(route)
        given = self.site.trust.headers(who, at=utc_now()) if who else {}
        key = {"Idempotency-Key": new_id("key")} if route.idempotent else {}
        return {"X-Forwarded-For": new_id("hop"), **given, **key, **more}

    async def send(self, route: Route, **options: Any) -> Reply:
        """Send a request to *route*, whose variables are filled with something that is nowhere."""
        return await self.site.ask(route.method, path_of(route), **options)

    def with_input(self, name: str) -> list[Route]:
        """Return the routes that take a ``body``, a ``form`` or a ``query``."""
        return [route for route in self.routes if name in route.inputs]


def path_of(route: Route) -> str:
    """Return the path of *route* with its variables filled."""
    path = route.path
    for name in route.path_variables:
        begin = path.index("{" + name)
        path = path[:begin] + "x" * 26 + path[path.index("}", begin) + 1 :]
    return path


class Stored:
    """What the database holds, as one number: equal numbers mean that nothing changed."""

    def __init__(self, planter: RawWriter) -> None:
        self._planter = planter

    async def __call__(self, target: Target) -> str:
        database = self._planter.client[target.database.name]
        seen = hashlib.sha256()
        for name in sorted(await database.list_collection_names()):
            rows = await database[name].find().sort("_id").to_list()
            seen.update(f"{name}{rows}".encode())
        return seen.hexdigest()


@pytest.fixture(params=SERVICES, scope="module")
async def target(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    mongo_url: str,
    amqp_url: str,
    planter: RawWriter,
) -> AsyncIterator[Target]:
    """Each service in turn."""
    name, database = str(request.param), new_id("test")
    home = tmp_path_factory.mktemp(name)
    parts = {"MONGO_URL": mongo_url, "AMQP_URL": amqp_url, "MONGO_DATABASE": database}
    async with composed(name, home, **parts) as one, serving_service(one) as served:
        yield Target(name=name, site=served, routes=tuple(one.parts.routes), database=one.chassis.db)
    await planter.drop_database(database)


@pytest.fixture(scope="module")
def stored(planter: RawWriter) -> Stored:
    """Tells whether anything was stored."""
    return Stored(planter)


@pytest.fixture
def logged() -> Iterator[Lines]:
    """The structured lines that the process has logged."""
    with logs_of("attacked") as lines:
        yield lines
