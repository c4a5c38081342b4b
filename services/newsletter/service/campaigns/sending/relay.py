"""The connections to the relay, shared by the batches of a worker; a relay that is down is left alone for a while."""

import asyncio
from collections.abc import Callable, Sequence

from shared.backoff import Backoff
from shared.clock import monotonic
from shared.mail import SmtpClient


class RelayPool:
    """A fixed number of persistent connections."""

    def __init__(self, clients: Sequence[SmtpClient], *, backoff: Backoff, on_state: Callable[[bool], None]) -> None:
        """*on_state* hears whether the relay is up."""
        self._clients = clients
        self._free: asyncio.LifoQueue[SmtpClient] = asyncio.LifoQueue()
        for client in clients:
            self._free.put_nowait(client)
        self._backoff = backoff
        self._on_state = on_state
        self._failures = 0
        self._closed_until = 0.0

    @property
    def size(self) -> int:
        """The number of connections."""
        return len(self._clients)

    async def acquire(self) -> SmtpClient:
        """Wait for a free connection and for the end of a back-off; return the connection, to be put back."""
        client = await self._free.get()
        try:
            await self._wait_for_reopening()
        except BaseException:
            self.put_back(client)
            raise
        return client

    async def _wait_for_reopening(self) -> None:
        delay = self._closed_until - monotonic()
        if delay > 0:
            await asyncio.sleep(delay)
            await self._wait_for_reopening()

    def put_back(self, client: SmtpClient) -> None:
        """Let the next email use *client*."""
        self._free.put_nowait(client)

    def record_success(self) -> None:
        """Note that the relay has answered."""
        if self._failures:
            self._failures = 0
            self._on_state(True)  # noqa: FBT003 (the callback of a gauge)

    def record_failure(self) -> None:
        """Note that the relay could not be used; every connection waits."""
        if monotonic() >= self._closed_until:
            self._failures += 1
            self._closed_until = monotonic() + self._backoff.delay_seconds(self._failures)
            self._on_state(False)  # noqa: FBT003 (the callback of a gauge)

    async def quit_sessions(self) -> None:
        """End the sessions that no email uses."""
        idle: list[SmtpClient] = []
        while not self._free.empty():
            idle.append(self._free.get_nowait())
        for client in idle:
            await client.quit_session()
            self._free.put_nowait(client)

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients:
            client.close()
