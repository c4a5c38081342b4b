"""Payments in a process of its own, and its objects on a database of their own."""

import pytest

from shared.mongo import Database
from tests.integration.payments.faults import CountingProcessor
from tests.integration.payments.harness import WEBHOOK_SECRET, PaymentsHarness
from tests.support import FixedClock
from tests.support.service_process import ServiceProcess, amqp_url, fake_services, mailbox, service, stored

__all__ = ["amqp_url", "fake_services", "mailbox", "service", "stored"]
"""Fixtures that pytest finds here."""


@pytest.fixture(scope="session")
def service_process() -> ServiceProcess:
    """Return how the service runs."""
    return ServiceProcess(
        name="payments",
        heard="payments.#",
        settings={
            "PAYMENTS_PROCESSOR": "simulator",
            "PAYMENTS_RECONCILE_AFTER_SECONDS": "1",
            "PAYMENTS_CARD_ENTRY": "both",
            "CANDOR_PROBE_INTERVAL_SECONDS": "1",
            "PAYMENTS_WEBHOOK_SECRETS": WEBHOOK_SECRET.get_secret_value(),
        },
    )


@pytest.fixture
async def house(database: Database, clock: FixedClock) -> PaymentsHarness:
    """Payments without a process, with a fixed clock."""
    return await PaymentsHarness.prepared(database, clock)


@pytest.fixture
async def counted(house: PaymentsHarness) -> tuple[PaymentsHarness, CountingProcessor]:
    processor = CountingProcessor()
    return PaymentsHarness(house.database, house.clock, processor), processor
