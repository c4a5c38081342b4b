"""Newsletter in a process of its own, with fakes of identity and of the mail relay."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.newsletter.internals import NewsletterInternals, open_internals
from tests.integration.newsletter.subscribers import Subscribers
from tests.support import FixedClock, RawWriter
from tests.support.fake_services import Mailbox
from tests.support.running import Running
from tests.support.service_process import ServiceProcess, amqp_url, fake_services, mailbox, service, stored

__all__ = ["amqp_url", "fake_services", "mailbox", "service", "stored"]
"""Fixtures that pytest finds here."""


@pytest.fixture(scope="session")
def service_process() -> ServiceProcess:
    """The running service, without an effective rate limit of opt-in requests."""
    return ServiceProcess(
        name="newsletter",
        settings={
            "NEWSLETTER_OPT_IN_REQUESTS_PER_MINUTE": "100000",
            "NEWSLETTER_POLL_INTERVAL_SECONDS": "0.02",
            "NEWSLETTER_RETRY_DELAY_SECONDS": "0.5",
        },
    )


@pytest.fixture
def readers(service: Running, mailbox: Mailbox) -> Subscribers:
    """The users of the service."""
    return Subscribers(service, mailbox)


@pytest.fixture
async def inside(
    mongo_url: str, amqp_url: str, mongo_driver: str, planter: RawWriter, clock: FixedClock, tmp_path: Path
) -> AsyncIterator[NewsletterInternals]:
    """The services in this process, on a fresh database, with a clock that the test moves."""
    parts = {"MONGO_URL": mongo_url, "AMQP_URL": amqp_url, "MONGO_DRIVER": mongo_driver}
    async with open_internals(parts, tmp_path, clock) as found:
        yield found
    await planter.drop_database(found.chassis.db.name)
