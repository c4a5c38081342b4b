"""Waiting for something to do: woken by what this process causes, otherwise looking every second."""

import asyncio
from datetime import timedelta

POLL_INTERVAL = timedelta(seconds=1)
"""How often what other processes cause is looked at."""


async def wait_or_poll(event: asyncio.Event) -> None:
    """Wait for *event*, or for the next look."""
    try:
        async with asyncio.timeout(POLL_INTERVAL.total_seconds()):
            await event.wait()
    except TimeoutError:
        return
