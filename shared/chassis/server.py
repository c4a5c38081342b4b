"""The HTTP server and its graceful stop."""

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
"""Seconds that requests may take to finish when the process stops; one that takes longer is cancelled and has as many
again to clean up. Deliveries finish meanwhile, within limits of their own."""
KEEP_ALIVE_TIMEOUT = 75.0
"""Seconds; longer than the edge keeps an idle connection, so that it never meets one that closes."""


@asynccontextmanager
async def serve(app: web.Application, host: str, port: int, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serve *app* inside the context and yield its URL; leaving it stops accepting and lets requests finish.

    A *port* of 0 takes any that is free. One that cannot be had is a SettingError.
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
        why = strerror(fault.errno) if fault.errno and fault.errno > 0 else "the host is not known"
        raise SettingError(f"CANDOR_HOST={host} CANDOR_SERVICE_PORT={port} cannot be listened on: {why}") from fault
    return f"{'https' if tls else 'http'}://{host}:{runner.addresses[0][1]}"
