"""A sync service on a port of its own, for clients that are programs."""

import socket
from collections.abc import AsyncIterator

import pytest

from tests.integration.sync.harness import DavClient, SyncHarness, open_harness
from tests.support import RawWriter
from tests.support.vhosts import own_vhost


@pytest.fixture(scope="session")
async def amqp_url(amqp_url: str) -> str:
    """The broker, in a virtual host of its own."""
    return await own_vhost(amqp_url, "webdav")


@pytest.fixture(scope="session")
async def public_harness(
    mongo_url: str, amqp_url: str, planter: RawWriter, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[SyncHarness]:
    """A sync service whose public address is its own port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("public")
    async with open_harness(folder, mongo_url=mongo_url, amqp_url=amqp_url, port=port) as opened:
        yield opened
    await planter.drop_database(opened.chassis.db.name)


@pytest.fixture
def ada(public_harness: SyncHarness) -> DavClient:
    """A device of a new customer."""
    return public_harness.device()
