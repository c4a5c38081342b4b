"""Disclosure in a process of its own, beside an identity that answers and a mailbox that takes mail."""

import pytest

from tests.support.service_process import ServiceProcess, amqp_url, fake_services, mailbox, service, stored

__all__ = ["amqp_url", "fake_services", "mailbox", "service", "stored"]
"""Fixtures that pytest finds here."""


@pytest.fixture(scope="session")
def service_process() -> ServiceProcess:
    """Return how the service runs."""
    return ServiceProcess(name="disclosure", heard="disclosure.#")
