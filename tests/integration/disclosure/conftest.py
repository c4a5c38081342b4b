"""Disclosure in a process of its own, beside an identity that answers and a mailbox that takes mail."""

from collections.abc import AsyncIterator

import pytest

from shared.mongo import Database, open_database
from tests.support import RawWriter
from tests.support.fake_services import FakeServices, Mailbox, open_fake_services
from tests.support.fake_services import mailbox as open_mailbox
from tests.support.running import Running, running
from tests.support.vhosts import own_vhost


@pytest.fixture(scope="session")
async def amqp_url(amqp_url: str) -> str:
    """The broker, in a virtual host of its own."""
    return await own_vhost(amqp_url, "disclosure")


@pytest.fixture(scope="package")
async def fake_services(amqp_url: str) -> AsyncIterator[FakeServices]:
    """Everybody else."""
    async with open_fake_services(amqp_url, hear="disclosure.#") as found:
        yield found


@pytest.fixture(scope="package")
async def mailbox() -> AsyncIterator[Mailbox]:
    """Where all mail goes."""
    async with open_mailbox() as found:
        yield found


@pytest.fixture(scope="package")
async def service(
    mongo_url: str,
    amqp_url: str,
    fake_services: FakeServices,
    mailbox: Mailbox,
    planter: RawWriter,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Running]:
    """The running service."""
    parts = {"MONGO_URL": mongo_url, "AMQP_URL": amqp_url, "SMTP_URL": f"smtp://127.0.0.1:{mailbox.port}"}
    home = tmp_path_factory.mktemp("disclosure")
    async with running("disclosure", parts=parts, neighbours=fake_services, home=home) as found:
        yield found
    await planter.drop_database(found.database)


@pytest.fixture
async def stored(service: Running, mongo_url: str) -> AsyncIterator[Database]:
    """The database of the running service."""
    async with open_database(mongo_url, service.database) as database:
        yield database
