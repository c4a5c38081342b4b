"""A service is killed -9 in the middle of its work: its successor finishes it, nothing is done twice."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shared import bus
from shared.ids import new_id
from shared.mongo import Database, Leases, abort_all_transactions
from tests.integration.bus.harness import BusHarness, Effect, eventually, many, open_harness, running

pytestmark = pytest.mark.timeout(120)

FACTS = 600


@pytest.fixture
async def home(database: Database, amqp_url: str) -> AsyncIterator[BusHarness]:
    await database.ensure_collections((*bus.DOCUMENTS, *Leases.documents, Effect))
    async with open_harness(new_id("svc").replace("_", ""), database, amqp_url) as made:
        made.queue()
        yield made


async def test_a_killed_service_has_lost_nothing_and_does_nothing_twice(home: BusHarness, mongo_url: str) -> None:
    ids = await home.db.with_transaction(lambda: home.enqueue_events(FACTS))
    async with running(home.relay().run):
        for part in (50, 200, 400, FACTS):
            async with hearer(home, mongo_url) as process:
                await eventually(lambda part=part: handled(home, part), within=30)  # type: ignore[misc] # mypy cannot infer a lambda with a default
                process.kill()
                await process.wait()
            await abort_all_transactions(mongo_url)  # what the supervisor of the local stack does
    assert many(await home.effects(), ids)


async def handled(home: BusHarness, count: int) -> bool:
    return await home.db.get_collection(Effect).count_documents({}) >= count


@asynccontextmanager
async def hearer(home: BusHarness, mongo_url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a process that hears the facts of *home*; it is there when its queue is."""
    words = (mongo_url, home.db.name, home.amqp_url, home.service)
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.chaos.hearer", *words)
    try:
        await eventually(lambda: home.has_consumer(home.queues[0]), within=30)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
