"""Telemetry in a process of its own, and its objects on a database of their own."""

import pytest

from services.telemetry.service import TelemetryService
from services.telemetry.store import DOCUMENTS, OptIns, Releases, WeeklyReports
from shared.bus import Outbox, OutboxDocument
from shared.ids import new_id
from shared.mongo import Database
from tests.support import FixedClock
from tests.support.service_process import ServiceProcess, amqp_url, fake_services, mailbox, service, stored

__all__ = ["amqp_url", "fake_services", "mailbox", "service", "stored"]
"""Fixtures that pytest finds here."""


@pytest.fixture(scope="session")
def service_process() -> ServiceProcess:
    """Return how the service runs."""
    return ServiceProcess(name="telemetry", heard="telemetry.#", settings={"CANDOR_PROBE_INTERVAL_SECONDS": "1"})


@pytest.fixture
async def telemetry(database: Database, clock: FixedClock) -> TelemetryService:
    """Telemetry without a process: open weeks are not released, five are a group."""
    await database.ensure_collections([*DOCUMENTS, OutboxDocument])
    return TelemetryService(
        opt_ins=OptIns(database),
        reports=WeeklyReports(database),
        releases=Releases(database),
        outbox=Outbox(database, "telemetry", clock),
        transact=database.with_transaction,
        new_id=new_id,
        min_group_size=5,
        release_open_weeks=False,
    )
