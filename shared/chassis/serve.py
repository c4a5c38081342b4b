"""Listens, and stops when it is told to."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

FINISH_LIMIT = 10.0
"""Seconds that requests may take to finish when the process stops; deliveries have as many after that."""
KEEP_ALIVE = 75.0
"""Seconds; longer than the edge keeps an idle connection, so that it never meets one that closes."""


@asynccontextmanager
async def listening(app: web.Application, host: str, port: int) -> AsyncIterator[None]:
    """Serve *app* inside the context; leaving it stops accepting and lets requests finish within their limit.

    Nothing is ever decompressed: a body of a kilobyte must not become one of a gigabyte.
    """
    runner = web.AppRunner(
        app, access_log=None, handle_signals=False, auto_decompress=False, keepalive_timeout=KEEP_ALIVE
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, shutdown_timeout=FINISH_LIMIT).start()
        yield
    finally:
        await runner.cleanup()


async def until_stopped() -> None:
    """Wait for SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
