"""A letterbox for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.newsletter.inbound.letterbox import SETTINGS, Letterbox, open_letterbox
from tests.integration.newsletter.internals import open_internals
from tests.support import FixedClock, RawWriter


@pytest.fixture
async def letterbox(
    mongo_url: str, amqp_url: str, mongo_driver: str, planter: RawWriter, clock: FixedClock, tmp_path: Path
) -> AsyncIterator[Letterbox]:
    """A fresh database, and the listener."""
    parts = {"MONGO_URL": mongo_url, "AMQP_URL": amqp_url, "MONGO_DRIVER": mongo_driver}
    async with open_internals(parts, tmp_path, clock, **SETTINGS) as inside, open_letterbox(inside, clock) as found:
        yield found
    await planter.drop_database(inside.chassis.db.name)
