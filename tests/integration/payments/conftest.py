"""Payments in a process of its own, and its objects on a database of their own."""

from collections.abc import AsyncIterator

import pytest

from shared.mongo import Database, open_database
from tests.integration.payments.harness import PaymentsHarness
from tests.support import FixedClock, RawWriter
from tests.support.fake_services import FakeServices, open_fake_services
from tests.support.running import Running, running
from tests.support.vhosts import own_vhost


@pytest.fixture(scope="session")
async def amqp_url(amqp_url: str) -> str:
    """The broker, in a virtual host of its own."""
    return await own_vhost(amqp_url, "payments")


@pytest.fixture
async def house(database: Database, clock: FixedClock) -> PaymentsHarness:
    """Payments without a process, with a fixed clock."""
    return await PaymentsHarness.prepared(database, clock)


@pytest.fixture(scope="package")
async def around(amqp_url: str) -> AsyncIterator[FakeServices]:
    """The other services."""
    async with open_fake_services(amqp_url, hear="payments.#") as found:
        yield found


@pytest.fixture(scope="package")
async def service(
    mongo_url: str, amqp_url: str, around: FakeServices, planter: RawWriter, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    """The running service."""
    parts = {"MONGO_URL": mongo_url, "AMQP_URL": amqp_url}
    home = tmp_path_factory.mktemp("payments")
    settings = {"PAYMENTS_RECONCILE_AFTER_SECONDS": "1", "CANDOR_PROBE_INTERVAL_SECONDS": "1"}
    async with running("payments", parts=parts, neighbours=around, home=home, settings=settings) as found:
        yield found
    await planter.drop_database(found.database)


@pytest.fixture
async def stored(service: Running, mongo_url: str) -> AsyncIterator[Database]:
    """The database of the running service."""
    async with open_database(mongo_url, service.database) as database:
        yield database
