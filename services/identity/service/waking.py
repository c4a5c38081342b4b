"""Waiting for something to do: woken by what this process causes, otherwise looking every second."""

import asyncio
from datetime import timedelta

LOOK = timedelta(seconds=1)
"""How often what other processes cause is looked at."""


async def woken(event: asyncio.Event) -> None:
    """Wait for *event*, or for the next look."""
    try:
        async with asyncio.timeout(LOOK.total_seconds()):
            await event.wait()
    except TimeoutError:
        return
