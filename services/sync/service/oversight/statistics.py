"""Public usage statistics of sync (C11).

Accounts are known in memory only, under a digest whose key lives for a day, and only until a group has ten of them:
then its sum is stored. Of smaller groups nothing is stored, so nothing can be published, lost or subtracted.
"""

import asyncio
import hashlib
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from services.sync.domain.statistics import (
    ClientDay,
    ClientGroup,
    StorageDay,
    client_family,
    operation_kind,
    summarize_storage,
)
from services.sync.store import AccountUsages, Statistics
from shared.clock import Clock
from shared.errors import UnavailableError
from shared.ids import random_bytes

FLUSH_INTERVAL: Final = 300.0
MAX_DAYS: Final = 92
_BATCH_SIZE: Final = 1_000


@dataclass(slots=True)
class _DayGroups:
    """The groups of one day, in this process."""

    day: str
    key: bytes = field(default_factory=lambda: random_bytes(32))
    groups: defaultdict[str, ClientGroup] = field(default_factory=lambda: defaultdict(ClientGroup))


class UsageStatistics:
    """Counts requests and storage."""

    def __init__(self, repository: Statistics, usages: AccountUsages, clock: Clock) -> None:
        self._repository, self._usages, self._clock = repository, usages, clock
        self._today = _DayGroups(_format_day(clock()))

    def record_request(self, account: str, user_agent: str, method: str) -> None:
        """Count one request."""
        kind = operation_kind(method)
        if kind is None:
            return
        today = self._today
        known_as = hashlib.blake2b(account.encode(), key=today.key, digest_size=16).digest()
        today.groups[client_family(user_agent)].record(known_as, kind)

    async def run(self) -> None:
        """Store complete groups on schedule."""
        while True:
            await asyncio.sleep(FLUSH_INTERVAL)
            with suppress(UnavailableError):
                await self.flush_groups()

    async def flush_groups(self) -> None:
        """Store the groups that are large enough; after midnight the others are dropped."""
        current, day = self._today, _format_day(self._clock())
        if current.day != day:
            self._today = _DayGroups(day)
        for family, group in current.groups.items():
            if (countable := group.take_countable()) is not None:
                await self._repository.add(current.day, family, *countable)

    async def run_storage_measurement(self) -> None:
        """Measure the storage once a day."""
        while True:
            with suppress(UnavailableError):
                await self.measure_storage()
            await asyncio.sleep(FLUSH_INTERVAL)

    async def measure_storage(self) -> None:
        """Measure today's storage unless that is done."""
        day = _format_day(self._clock())
        if await self._repository.has_storage_day(day):
            return
        used: list[int] = []
        last = ""
        while some := await self._usages.list_used_bytes(after=last, limit=_BATCH_SIZE):
            used += (size for _, size in some)
            last = some[-1][0]
        stored = summarize_storage(day, used)
        if stored is not None:
            await self._repository.put(stored)

    async def list_days(self, limit: int) -> tuple[list[ClientDay], list[StorageDay]]:
        """Return the figures of the last complete days."""
        now = self._clock()
        since, before = _format_day(now - timedelta(days=min(limit, MAX_DAYS))), _format_day(now)
        return await self._repository.list_client_days(
            since=since, before=before
        ), await self._repository.list_storage_days(since=since, before=before)


def _format_day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
