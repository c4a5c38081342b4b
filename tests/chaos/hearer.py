"""A service that hears, as a process of its own: ``python -m tests.chaos.hearer MONGO DATABASE AMQP SERVICE``."""

import asyncio
import sys

from shared.mongo import open_database
from tests.integration.bus.harness import open_harness, running


async def hear(mongo_url: str, database: str, amqp_url: str, service: str) -> None:
    """Hear facts until killed."""
    async with (
        open_database(mongo_url, database) as db,
        open_harness(service, db, amqp_url) as home,
        running(home.consumer(home.leave_effect).run),
    ):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(hear(*sys.argv[1:]))
