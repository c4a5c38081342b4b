"""Listens, and stops when it is told to."""

import asyncio
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from shared.settings import SettingError

FINISH_LIMIT = 10.0
"""Seconds that requests may take to finish when the process stops; deliveries have as many after that."""
KEEP_ALIVE = 75.0
"""Seconds; longer than the edge keeps an idle connection, so that it never meets one that closes."""


RENEW_EVERY = 60.0
"""Seconds between looks whether the certificate was renewed."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate of the service's own port, and its key; renewed ones are used without a restart (C20)."""

    chain: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """Return a server's context; a file that cannot be used is a SettingError."""
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            made.load_cert_chain(self.chain, self.key)
        except (OSError, ssl.SSLError) as fault:
            raise SettingError(f"CANDOR_TLS_CERT={self.chain} and CANDOR_TLS_KEY cannot be used: {fault}") from fault
        return made

    async def renew(self, context: ssl.SSLContext) -> None:
        """Load the files again whenever they have changed; handshakes from then on show the new certificate."""
        seen = self._changed()
        while True:
            await asyncio.sleep(RENEW_EVERY)
            if (now := self._changed()) != seen:
                context.load_cert_chain(self.chain, self.key)
                seen = now

    def _changed(self) -> tuple[float, float]:
        return self.chain.stat().st_mtime, self.key.stat().st_mtime


@asynccontextmanager
async def listening(
    app: web.Application, host: str, port: int, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[None]:
    """Serve *app* inside the context; leaving it stops accepting and lets requests finish within their limit.

    Nothing is ever decompressed: a body of a kilobyte must not become one of a gigabyte.
    """
    runner = web.AppRunner(
        app, access_log=None, handle_signals=False, auto_decompress=False, keepalive_timeout=KEEP_ALIVE
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, shutdown_timeout=FINISH_LIMIT, ssl_context=tls).start()
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
