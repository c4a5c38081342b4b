"""One house for all tests of sync; each test has an account of its own in it."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.sync.house import DavClient, House, a_house
from tests.support import Planter
from tests.support.vhosts import own_vhost


@pytest.fixture(scope="session")
async def amqp_url(amqp_url: str) -> str:
    """The broker, in a virtual host of its own."""
    return await own_vhost(amqp_url, "sync")


@pytest.fixture(scope="session")
async def house(
    mongo_url: str, amqp_url: str, planter: Planter, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """A sync service that runs; its workers do not."""
    folder = tmp_path_factory.mktemp("sync")
    async with a_house(folder, mongo_url=mongo_url, amqp_url=amqp_url) as opened:
        yield opened
    await planter.drop(opened.chassis.db.name)


@pytest.fixture
def ada(house: House) -> DavClient:
    """A device of somebody new."""
    return house.device()
