"""Fixtures for the tests of one service in a process of its own: its neighbours, a mailbox, the process, its database.

A conftest imports them and says which service it is with a fixture ``service_process``.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import pytest

from shared.mongo import Database, open_database
from tests.support.fake_services import FakeServices, Mailbox, open_fake_services
from tests.support.fake_services import mailbox as open_mailbox
from tests.support.raw_writes import RawWriter
from tests.support.running import Running, running
from tests.support.vhosts import own_vhost

__all__ = ["ServiceProcess", "amqp_url", "fake_services", "mailbox", "service", "stored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceProcess:
    """The service under test, and how it runs."""

    name: str
    heard: str = "#"
    """The events that the fake services consume; one that goes to the service itself must not be among them."""
    settings: Mapping[str, str] = field(default_factory=dict)


@pytest.fixture(scope="session")
async def amqp_url(amqp_url: str, service_process: ServiceProcess) -> str:
    """The broker, in a virtual host of its own."""
    return await own_vhost(amqp_url, service_process.name)


@pytest.fixture(scope="session")
async def fake_services(amqp_url: str, service_process: ServiceProcess) -> AsyncIterator[FakeServices]:
    """The other services, as far as this one sees them."""
    async with open_fake_services(amqp_url, hear=service_process.heard) as found:
        yield found


@pytest.fixture(scope="session")
async def mailbox() -> AsyncIterator[Mailbox]:
    """The mailbox to which all mail goes."""
    async with open_mailbox() as found:
        yield found


@pytest.fixture(scope="session")
async def service(
    mongo_url: str,
    amqp_url: str,
    fake_services: FakeServices,
    mailbox: Mailbox,
    service_process: ServiceProcess,
    planter: RawWriter,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Running]:
    """The running service."""
    parts = {"MONGO_URL": mongo_url, "AMQP_URL": amqp_url, "SMTP_URL": f"smtp://127.0.0.1:{mailbox.port}"}
    async with running(
        service_process.name,
        parts=parts,
        neighbours=fake_services,
        home=tmp_path_factory.mktemp(service_process.name),
        settings=service_process.settings,
    ) as found:
        yield found
    await planter.drop_database(found.database)


@pytest.fixture
async def stored(service: Running, mongo_url: str) -> AsyncIterator[Database]:
    """The database of the running service."""
    async with open_database(mongo_url, service.database) as database:
        yield database
