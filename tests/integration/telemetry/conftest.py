"""Telemetry in a process of its own, and its objects on a database of their own."""

from collections.abc import AsyncIterator

import pytest

from services.telemetry.service import TelemetryService
from services.telemetry.store import DOCUMENTS, OptIns, Releases, WeeklyReports
from shared.bus import Outbox, OutboxDocument
from shared.ids import new_id
from shared.mongo import Database, open_database
from tests.support import FixedClock, RawWriter
from tests.support.fake_services import FakeServices, open_fake_services
from tests.support.running import Running, running
from tests.support.vhosts import own_vhost


@pytest.fixture(scope="session")
async def amqp_url(amqp_url: str) -> str:
    """The broker, in a virtual host of its own."""
    return await own_vhost(amqp_url, "telemetry")


@pytest.fixture
async def telemetry(database: Database, clock: FixedClock) -> TelemetryService:
    """Telemetry without a process: open weeks are not released, five are a group."""
    await database.ensure_collections([*DOCUMENTS, OutboxDocument])
    return TelemetryService(
        opt_ins=OptIns(database),
        reports=WeeklyReports(database),
        releases=Releases(database),
        outbox=Outbox(database, "telemetry", clock),
        transact=database.with_transaction,
        new_id=new_id,
        min_group_size=5,
        release_open_weeks=False,
    )


@pytest.fixture(scope="package")
async def around(amqp_url: str) -> AsyncIterator[FakeServices]:
    """Everybody else."""
    async with open_fake_services(amqp_url, hear="telemetry.#") as found:
        yield found


@pytest.fixture(scope="package")
async def service(
    mongo_url: str, amqp_url: str, around: FakeServices, planter: RawWriter, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    """The running service."""
    parts = {"MONGO_URL": mongo_url, "AMQP_URL": amqp_url}
    home = tmp_path_factory.mktemp("telemetry")
    settings = {"CANDOR_PROBE_INTERVAL_SECONDS": "1"}
    async with running("telemetry", parts=parts, neighbours=around, home=home, settings=settings) as found:
        yield found
    await planter.drop_database(found.database)


@pytest.fixture
async def stored(service: Running, mongo_url: str) -> AsyncIterator[Database]:
    """The database of the running service."""
    async with open_database(mongo_url, service.database) as database:
        yield database
