"""Erases an account: its keys at once, so that nothing can be read again; then rows and blobs; then the receipt."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.sync.service.clearing import Clearing
from services.sync.service.visitors import Visitors
from services.sync.store import InspectionRows, RestoreRows, Trees
from shared.bus import Outbox
from shared.clock import Clock
from shared.contracts import common_v1
from shared.mongo import Database

EVERY: Final = 2.0
"""Seconds between two looks for erasures that were begun elsewhere."""
_AT_ONCE: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasing:
    """Erases accounts (C31)."""

    db: Database
    trees: Trees
    inspections: InspectionRows
    restores: RestoreRows
    clearing: Clearing
    visitors: Visitors
    outbox: Outbox
    forget: Callable[[str], Awaitable[dict[str, int]]]
    """Erases what the chassis holds of an account, the key that wraps all others with it."""
    clock: Clock
    begun: asyncio.Event

    async def begin(self, account: str, erasure_id: str, *, at: datetime) -> None:
        """Destroy the keys of *account* in the ambient transaction; it can never be opened or opened anew after it."""
        counts = {
            "space_keys": await self.trees.keys.destroy(account),
            "spaces": await self.trees.spaces.bury(account, at=at),
            **await self.forget(account),
        }
        await self.trees.erasures.begin(account, erasure_id, counts, at=at)
        self.db.after_commit(self.begun.set)

    def drop(self, account: str) -> None:
        """Forget what this process has in memory of *account*."""
        self.visitors.drop_account(account)
        self.trees.keys.drop(account)
        self.trees.shelves.drop(account)

    async def run(self) -> None:
        """Finish erasures for ever."""
        while True:
            self.begun.clear()
            await self.finish_all()
            try:
                async with asyncio.timeout(EVERY):
                    await self.begun.wait()
            except TimeoutError:
                continue

    async def finish_all(self) -> int:
        """Finish the erasures that are begun; return how many."""
        rows = await self.trees.erasures.unfinished(limit=_AT_ONCE)
        for row in rows:
            await self._finish(row.id)
        return len(rows)

    async def _finish(self, account: str) -> None:
        """Clear away the rows and blobs, which nobody can read any more, then give the receipt."""
        trees = self.trees
        await trees.erasures.count(account, "nodes", await trees.nodes.remove_all(account))
        await trees.erasures.count(account, "tombstones", await trees.tombstones.remove_all(account))
        await trees.erasures.count(account, "inspections", await self.inspections.remove_all(account))
        await trees.erasures.count(account, "restores", await self.restores.remove_all(account))
        await trees.erasures.count(account, "locks", await trees.locks.remove_all(account))
        await trees.erasures.count(account, "contents", await trees.contents.condemn(account, at=self.clock()))
        await self.clearing.destroy_doomed()
        if await trees.contents.left_of(account) == 0:
            await self.db.transact(lambda: self._give_receipt(account))

    async def _give_receipt(self, account: str) -> None:
        row = await self.trees.erasures.complete(account)
        if row is not None:
            erased = {name: count for name, count in row.erased.items() if count}
            receipt = common_v1.ErasureCompleted(erasure_id=row.erasure_id, erased=erased)
            receipt.completed_at.FromDatetime(self.clock())
            await self.outbox.put(receipt)
