"""Newsletter in a process of its own, with fakes of identity and of the mail relay."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.mongo import Database, open_database
from tests.integration.newsletter.internals import NewsletterInternals, open_internals
from tests.integration.newsletter.subscribers import Subscribers
from tests.support import FixedClock, RawWriter
from tests.support.fake_services import FakeServices, Mailbox, mailbox, open_fake_services
from tests.support.running import Running, running
from tests.support.vhosts import own_vhost


@pytest.fixture(scope="session")
async def amqp_url(amqp_url: str) -> str:
    """The broker, in a virtual host of its own."""
    return await own_vhost(amqp_url, "newsletter")


@pytest.fixture(scope="package")
async def around(amqp_url: str) -> AsyncIterator[FakeServices]:
    """The other services."""
    async with open_fake_services(amqp_url) as found:
        yield found


@pytest.fixture(scope="package")
async def box() -> AsyncIterator[Mailbox]:
    """The mailbox that receives all mail."""
    async with mailbox() as found:
        yield found


@pytest.fixture(scope="package")
async def service(
    mongo_url: str,
    amqp_url: str,
    around: FakeServices,
    box: Mailbox,
    planter: RawWriter,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Running]:
    """The running service, without an effective rate limit of opt-in requests."""
    parts = {"MONGO_URL": mongo_url, "AMQP_URL": amqp_url, "SMTP_URL": f"smtp://127.0.0.1:{box.port}"}
    home = tmp_path_factory.mktemp("newsletter")
    settings = {"NEWSLETTER_OPT_IN_REQUESTS_PER_MINUTE": "100000", "NEWSLETTER_POLL_INTERVAL_SECONDS": "0.02"}
    async with running("newsletter", parts=parts, neighbours=around, home=home, settings=settings) as found:
        yield found
    await planter.drop_database(found.database)


@pytest.fixture
async def stored(service: Running, mongo_url: str) -> AsyncIterator[Database]:
    """The database of the running service."""
    async with open_database(mongo_url, service.database) as database:
        yield database


@pytest.fixture
def readers(service: Running, box: Mailbox) -> Subscribers:
    """The users of the service."""
    return Subscribers(service, box)


@pytest.fixture
async def inside(
    mongo_url: str, amqp_url: str, mongo_driver: str, planter: RawWriter, clock: FixedClock, tmp_path: Path
) -> AsyncIterator[NewsletterInternals]:
    """The services in this process, on a fresh database, with a clock that the test moves."""
    parts = {"MONGO_URL": mongo_url, "AMQP_URL": amqp_url, "MONGO_DRIVER": mongo_driver}
    async with open_internals(parts, tmp_path, clock) as found:
        yield found
    await planter.drop_database(found.chassis.db.name)
