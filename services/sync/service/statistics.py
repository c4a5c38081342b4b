"""Counts for the public how sync is used (C11).

Who does what is known only in memory, under a digest whose key lives for a day, and only until ten accounts are
together: then their sum is stored. Of fewer nothing is stored anywhere, so nothing can be told, lost or subtracted.
"""

import asyncio
import hashlib
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from services.sync.domain.statistics import ClientDay, Group, StorageDay, family_of, kind_of, storage_of
from services.sync.store import Spaces, Statistics
from shared.clock import Clock
from shared.errors import UnavailableError
from shared.ids import random_bytes

EVERY: Final = 300.0
MOST_DAYS: Final = 92
_AT_ONCE: Final = 1_000


@dataclass(slots=True)
class _Today:
    """The groups of one day, in this process."""

    day: str
    key: bytes = field(default_factory=lambda: random_bytes(32))
    groups: defaultdict[str, Group] = field(default_factory=lambda: defaultdict(Group))


class Counting:
    """Counts."""

    def __init__(self, rows: Statistics, spaces: Spaces, clock: Clock) -> None:
        self._rows, self._spaces, self._clock = rows, spaces, clock
        self._today = _Today(_day(clock()))

    def note(self, account: str, user_agent: str, method: str) -> None:
        """Note one request."""
        kind = kind_of(method)
        if kind is None:
            return
        today = self._today
        known_as = hashlib.blake2b(account.encode(), key=today.key, digest_size=16).digest()
        today.groups[family_of(user_agent)].note(known_as, kind)

    async def run(self) -> None:
        """Store for ever what groups are large enough."""
        while True:
            await asyncio.sleep(EVERY)
            with suppress(UnavailableError):
                await self.flush()

    async def flush(self) -> None:
        """Store the groups that are large enough; after midnight the others are forgotten."""
        was, now = self._today, _day(self._clock())
        if was.day != now:
            self._today = _Today(now)
        for family, group in was.groups.items():
            if (taken := group.taken()) is not None:
                await self._rows.add(was.day, family, *taken)

    async def measure(self) -> None:
        """Store for ever, once a day, how much is stored."""
        while True:
            with suppress(UnavailableError):
                await self.measure_once()
            await asyncio.sleep(EVERY)

    async def measure_once(self) -> None:
        """Store how much is stored today, if that is not known yet."""
        day = _day(self._clock())
        if await self._rows.has_storage(day):
            return
        used: list[int] = []
        last = ""
        while some := await self._spaces.used(after=last, limit=_AT_ONCE):
            used += (size for _, size in some)
            last = some[-1][0]
        stored = storage_of(day, used)
        if stored is not None:
            await self._rows.put(stored)

    async def days(self, most: int) -> tuple[list[ClientDay], list[StorageDay]]:
        """Return the figures of the last days that are over."""
        now = self._clock()
        since, before = _day(now - timedelta(days=min(most, MOST_DAYS))), _day(now)
        return await self._rows.clients(since=since, before=before), await self._rows.storage(
            since=since, before=before
        )


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
