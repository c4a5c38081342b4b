"""Leases: one process at a time does a piece of work; when it dies, another takes over after the TTL.

Clocks of different machines are never compared. A candidate takes over a lease that it has seen unchanged for a whole
TTL; the holder stops a fifth of the TTL earlier, by its own clock.
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

log = observe.get_logger(__name__)

_SAFETY_FACTOR = 0.8


class LeaseLostError(Exception):
    """The lease could not be renewed in time: another process may hold it, so the body was cancelled."""


class LeaseDocument(Document):
    """The holder of a lease; *renewal_count* grows with every renewal."""

    collection: ClassVar[str] = "leases"

    holder: str
    renewal_count: int
    ttl_ms: int


@dataclass(slots=True)
class Lease:
    """A lease held by this process."""

    name: str
    holder: str
    ttl: float
    deadline: float
    """When the holder must stop, on the clock of the event loop."""
    renewal_count: int = 0

    def to_document(self) -> LeaseDocument:
        """Return the lease as it is stored."""
        return LeaseDocument(
            id=self.name, holder=self.holder, renewal_count=self.renewal_count, ttl_ms=round(self.ttl * 1000)
        )


@dataclass(slots=True)
class _LeaseObservation:
    """The last state of a lease that a candidate saw, and since when it is unchanged."""

    document: LeaseDocument | None = None
    unchanged_since: float = 0.0

    def has_expired(self, document: LeaseDocument, now: float) -> bool:
        if document != self.document:
            self.document, self.unchanged_since = document, now
        return now - self.unchanged_since >= document.ttl_ms / 1000


class Leases:
    """The leases of one database."""

    documents: ClassVar[tuple[type[Document], ...]] = (LeaseDocument,)

    def __init__(self, database: Database) -> None:
        self._rows = database.get_collection(LeaseDocument)

    @asynccontextmanager
    async def acquire(self, name: str, *, ttl: timedelta) -> AsyncIterator[Lease]:
        """Wait for the lease and hold it for the body, which is cancelled with LeaseLostError when it is lost."""
        lease = await self._acquire(name, ttl.total_seconds())
        limit = asyncio.timeout_at(lease.deadline)
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
                await self._rows.delete_many({"_id": name, "holder": lease.holder})

    async def run_exclusive(self, name: str, work: Callable[[], Awaitable[None]], *, ttl: timedelta) -> None:
        """Run *work* while this process holds the lease; acquire it again after a loss."""
        while True:
            try:
                async with self.acquire(name, ttl=ttl):
                    await work()
            except LeaseLostError:
                log.warning("lease.lost", lease=name)

    async def _acquire(self, name: str, ttl: float) -> Lease:
        now = asyncio.get_running_loop().time
        observation = _LeaseObservation()
        while True:
            lease = Lease(name, new_id("hold"), ttl, deadline=now() + ttl * _SAFETY_FACTOR)
            row = await self._rows.get(name)
            if (row is None or observation.has_expired(row, now())) and await self._try_write(lease, row):
                return lease
            await asyncio.sleep(jitter(ttl / 4))

    async def _try_write(self, lease: Lease, previous: LeaseDocument | None) -> bool:
        if previous is not None:
            return await self._rows.replace_one(
                lease.to_document(), expect={"holder": previous.holder, "renewal_count": previous.renewal_count}
            )
        try:
            await self._rows.insert_one(lease.to_document())
        except DuplicateError:
            return False
        return True

    async def _renew(self, lease: Lease, limit: asyncio.Timeout) -> None:
        now = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(lease.ttl / 4)
            until = now() + lease.ttl * _SAFETY_FACTOR
            lease.renewal_count += 1
            with suppress(StoreUnavailableError):
                renewed = await self._rows.replace_one(lease.to_document(), expect={"holder": lease.holder})
                lease.deadline = until if renewed else now()
                limit.reschedule(lease.deadline)
