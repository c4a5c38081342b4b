"""A house for each test."""

from collections.abc import AsyncIterator

import pytest

from shared import bus
from shared.ids import new_id
from shared.mongo import Database, Leases
from tests.integration.bus.harness import BusHarness, Effect, open_harness


@pytest.fixture
async def home(database: Database, amqp_url: str) -> AsyncIterator[BusHarness]:
    """A service with its database, its broker and its outbox; nothing runs yet."""
    await database.ensure_collections((*bus.DOCUMENTS, *Leases.documents, Effect))
    async with open_harness(new_id("svc").replace("_", ""), database, amqp_url) as made:
        yield made
