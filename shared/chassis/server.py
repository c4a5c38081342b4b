"""The HTTP server and its graceful shutdown."""

import asyncio
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from os import strerror

from aiohttp import web

from shared.settings import SettingError
from shared.web import HttpRunner

GRACEFUL_SHUTDOWN_SECONDS = 25
"""The whole of a shutdown: requests, their clean-up, then deliveries. The chart grants it after the drain, and the
supervisor of one machine waits as long."""
SHUTDOWN_TIMEOUT = 7.0
"""Seconds for requests to finish at shutdown; a slower one is cancelled and has as long again to clean up. Deliveries
finish concurrently, within limits of their own."""
KEEP_ALIVE_TIMEOUT = 75.0
"""Seconds; longer than the edge keeps idle connections, so that it never reuses one that is closing."""


@asynccontextmanager
async def serve(app: web.Application, host: str, port: int, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serve *app* inside the context and yield its URL; on exit it stops accepting and lets requests finish.

    A *port* of 0 chooses a free one. SettingError when the port cannot be bound.
    """
    runner = HttpRunner(
        app, handle_signals=False, keepalive_timeout=KEEP_ALIVE_TIMEOUT, shutdown_timeout=SHUTDOWN_TIMEOUT
    )
    await runner.setup()
    try:
        yield await _bind(runner, host, port, tls)
    finally:
        await runner.cleanup()


async def wait_for_signal() -> None:
    """Wait for SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()


async def _bind(runner: HttpRunner, host: str, port: int, tls: ssl.SSLContext | None) -> str:
    try:
        await web.TCPSite(runner, host, port, ssl_context=tls).start()
    except OSError as fault:
        reason = strerror(fault.errno) if fault.errno and fault.errno > 0 else "unknown host"
        raise SettingError(f"CANDOR_HOST={host} CANDOR_SERVICE_PORT={port} cannot be bound: {reason}") from fault
    return f"{'https' if tls else 'http'}://{host}:{runner.addresses[0][1]}"
