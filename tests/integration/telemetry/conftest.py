"""Telemetry in a process of its own, and its objects on a database of their own."""

from datetime import timedelta

import pytest

from services.telemetry.domain import Calendars
from services.telemetry.ports import TokenKeys
from services.telemetry.service import ReportIngest, ReportService, TokenIssuer
from services.telemetry.store import DOCUMENTS, Issuances, Reports, Weeks
from shared.crypto.keyring import Key, KeyUse
from shared.ids import random_bytes
from shared.mongo import Database
from tests.support import NOON
from tests.support.service_process import ServiceProcess, amqp_url, fake_services, mailbox, service, stored
from tests.support.statistics.mechanisms import PYTHON

__all__ = ["amqp_url", "fake_services", "mailbox", "service", "stored"]
"""Fixtures that pytest finds here."""

DEMO_WEEK = timedelta(seconds=2)
"""A week is released three seconds after its end; a report is sent and read again well before."""
MAX_INSTALLATIONS = 3


@pytest.fixture(scope="session")
def service_process() -> ServiceProcess:
    """Return how the service runs."""
    return ServiceProcess(
        name="telemetry",
        heard="telemetry.#",
        settings={
            "CANDOR_PROBE_INTERVAL_SECONDS": "1",
            "TELEMETRY_DEMO_WEEK_SECONDS": f"{DEMO_WEEK.total_seconds():.0f}",
            "TELEMETRY_NOISE_PYTHON": str(PYTHON),
        },
    )


@pytest.fixture(scope="session")
def token_keys() -> TokenKeys:
    """The keys of one seed."""
    return TokenKeys([Key(id="key_1", use=KeyUse.TOKEN, created_at=NOON, secret=b"\x01" * 32)])


@pytest.fixture
async def token_issuer(database: Database, token_keys: TokenKeys) -> TokenIssuer:
    """Issues tokens; three installations for each address and week."""
    await database.ensure_collections(DOCUMENTS)
    return TokenIssuer(
        keys=token_keys,
        issuances=Issuances(database),
        calendars=Calendars.from_demo_week(None),
        max_installations=MAX_INSTALLATIONS,
        random_bytes=random_bytes,
    )


@pytest.fixture
async def report_service(database: Database, token_keys: TokenKeys) -> ReportService:
    """Takes reports."""
    await database.ensure_collections(DOCUMENTS)
    return build_report_service(database, token_keys)


def build_report_service(database: Database, keys: TokenKeys) -> ReportService:
    """Return a report service, as another process has one."""
    reports = Reports(database)
    return ReportService(
        keys=keys,
        reports=reports,
        ingest=ReportIngest(reports, Weeks(database)),
        calendars=Calendars.from_demo_week(None),
    )
