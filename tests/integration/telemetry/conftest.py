"""Telemetry in a process of its own, and its objects on a database of their own."""

from collections.abc import AsyncIterator

import pytest

from services.telemetry.service import Telemetry
from services.telemetry.store import DOCUMENTS, OptIns, Releases, Reports
from shared.bus import Outbox, OutboxRow
from shared.ids import new_id
from shared.mongo import Database, open_database
from tests.support import FixedClock, Planter
from tests.support.neighbours import Neighbours, neighbours
from tests.support.running import Running, running
from tests.support.vhosts import own_vhost


@pytest.fixture(scope="session")
async def amqp_url(amqp_url: str) -> str:
    """The broker, in a virtual host of its own."""
    return await own_vhost(amqp_url, "telemetry")


@pytest.fixture
async def telemetry(database: Database, clock: FixedClock) -> Telemetry:
    """Telemetry without a process: open weeks are not released, five are a group."""
    await database.prepare([*DOCUMENTS, OutboxRow])
    return Telemetry(
        opt_ins=OptIns(database),
        reports=Reports(database),
        releases=Releases(database),
        outbox=Outbox(database, "telemetry", clock),
        transact=database.transact,
        new_id=new_id,
        minimum_group=5,
        release_open_weeks=False,
    )


@pytest.fixture(scope="package")
async def around(amqp_url: str) -> AsyncIterator[Neighbours]:
    """Everybody else."""
    async with neighbours(amqp_url, hear="telemetry.#") as found:
        yield found


@pytest.fixture(scope="package")
async def service(
    mongo_url: str, amqp_url: str, around: Neighbours, planter: Planter, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    """The running service."""
    parts = {"MONGO_URL": mongo_url, "AMQP_URL": amqp_url}
    home = tmp_path_factory.mktemp("telemetry")
    settings = {"CANDOR_PROBE_SECONDS": "1"}
    async with running("telemetry", parts=parts, neighbours=around, home=home, settings=settings) as found:
        yield found
    await planter.drop(found.database)


@pytest.fixture
async def stored(service: Running, mongo_url: str) -> AsyncIterator[Database]:
    """The database of the running service."""
    async with open_database(mongo_url, service.database) as database:
        yield database
