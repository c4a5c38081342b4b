"""One harness for all tests of sync; each test has an account of its own in it."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.sync.harness import DavClient, SyncHarness, open_harness
from tests.support import RawWriter
from tests.support.vhosts import own_vhost


@pytest.fixture(scope="session")
async def amqp_url(amqp_url: str) -> str:
    """The broker, in a virtual host of its own."""
    return await own_vhost(amqp_url, "sync")


@pytest.fixture(scope="session")
async def harness(
    mongo_url: str, amqp_url: str, planter: RawWriter, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[SyncHarness]:
    """A sync service that runs; its workers do not."""
    folder = tmp_path_factory.mktemp("sync")
    async with open_harness(folder, mongo_url=mongo_url, amqp_url=amqp_url) as opened:
        yield opened
    await planter.drop_database(opened.chassis.db.name)


@pytest.fixture
def ada(harness: SyncHarness) -> DavClient:
    """A device of a new customer."""
    return harness.device()
