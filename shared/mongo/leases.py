"""Leases: of all processes, one at a time does a piece of work; when it dies, another one takes over after the ttl.

No clock is compared with another machine's. A candidate takes a lease over when it has seen it unchanged for its whole
ttl; the holder stops, by its own clock, a fifth of the ttl earlier.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from shared import observe
from shared.ids import jitter, new_id
from shared.mongo.database import Database
from shared.mongo.document import Document
from shared.mongo.errors import DuplicateError, StoreUnavailableError

log = observe.logger(__name__)

_SAFE = 0.8


class LeaseLostError(Exception):
    """The lease could not be renewed in time: another process may hold it, so the work inside was cancelled."""


class LeaseRow(Document):
    """Who holds a lease; *beat* grows with every renewal."""

    collection: ClassVar[str] = "leases"

    holder: str
    beat: int
    ttl_ms: int


@dataclass(slots=True)
class Lease:
    """A lease that is held."""

    name: str
    holder: str
    ttl: float
    until: float
    """When the holder stops, on the clock of the event loop."""
    beat: int = 0

    def row(self) -> LeaseRow:
        """Return the lease as it is stored."""
        return LeaseRow(id=self.name, holder=self.holder, beat=self.beat, ttl_ms=round(self.ttl * 1000))


@dataclass(slots=True)
class _Seen:
    """What a candidate saw last, and since when it has not changed."""

    row: LeaseRow | None = None
    since: float = 0.0

    def expired(self, row: LeaseRow, now: float) -> bool:
        if row != self.row:
            self.row, self.since = row, now
        return now - self.since >= row.ttl_ms / 1000


class Leases:
    """The leases kept in one database."""

    documents: ClassVar[tuple[type[Document], ...]] = (LeaseRow,)

    def __init__(self, database: Database) -> None:
        self._rows = database.collection(LeaseRow)

    @asynccontextmanager
    async def hold(self, name: str, *, ttl: timedelta) -> AsyncIterator[Lease]:
        """Wait for the lease and hold it for the body, which is cancelled with LeaseLostError when it is lost."""
        lease = await self._taken(name, ttl.total_seconds())
        limit = asyncio.timeout_at(lease.until)
        try:
            async with limit:
                renewal = asyncio.create_task(self._renew(lease, limit), name=f"lease-{name}")
                try:
                    yield lease
                finally:
                    renewal.cancel()
                    await asyncio.gather(renewal, return_exceptions=True)
        except TimeoutError:
            if not limit.expired():
                raise
            raise LeaseLostError(name) from None
        finally:
            with suppress(StoreUnavailableError):
                await self._rows.delete({"_id": name, "holder": lease.holder})

    async def alone(self, name: str, work: Callable[[], Awaitable[None]], *, ttl: timedelta) -> None:
        """Do *work* for ever whenever this process holds the lease; a lost one is waited for anew."""
        while True:
            try:
                async with self.hold(name, ttl=ttl):
                    await work()
            except LeaseLostError:
                log.warning("lease.lost", lease=name)

    async def _taken(self, name: str, ttl: float) -> Lease:
        now = asyncio.get_running_loop().time
        seen = _Seen()
        while True:
            lease = Lease(name, new_id("hold"), ttl, until=now() + ttl * _SAFE)
            row = await self._rows.get(name)
            if (row is None or seen.expired(row, now())) and await self._written(lease, row):
                return lease
            await asyncio.sleep(jitter(ttl / 4))

    async def _written(self, lease: Lease, over: LeaseRow | None) -> bool:
        if over is not None:
            return await self._rows.replace(lease.row(), expect={"holder": over.holder, "beat": over.beat})
        try:
            await self._rows.insert(lease.row())
        except DuplicateError:
            return False
        return True

    async def _renew(self, lease: Lease, limit: asyncio.Timeout) -> None:
        now = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(lease.ttl / 4)
            until = now() + lease.ttl * _SAFE
            lease.beat += 1
            with suppress(StoreUnavailableError):
                kept = await self._rows.replace(lease.row(), expect={"holder": lease.holder})
                lease.until = until if kept else now()
                limit.reschedule(lease.until)
