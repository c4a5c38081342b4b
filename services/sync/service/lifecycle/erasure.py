"""Erases an account: its keys at once, so that nothing is readable; then documents and blobs; then the receipt."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.sync.service.access.devices import DeviceAuthenticator
from services.sync.service.lifecycle.garbage_collector import GarbageCollector
from services.sync.store import Inspections, Restores, TreeStore
from shared.bus import Outbox
from shared.clock import Clock
from shared.mongo import Database
from shared.privacy import ErasureResult, build_receipt

POLL_INTERVAL: Final = 2.0
"""Poll interval in seconds for erasures that were started elsewhere."""
_BATCH_SIZE: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEraser:
    """Erases accounts (C31)."""

    db: Database
    trees: TreeStore
    inspections: Inspections
    restores: Restores
    garbage_collector: GarbageCollector
    devices: DeviceAuthenticator
    outbox: Outbox
    erase_subject: Callable[[str], Awaitable[dict[str, int]]]
    """Erases what the chassis stores of an account, with the key that wraps all others."""
    clock: Clock
    wakeup: asyncio.Event

    async def start(self, account: str, erasure_id: str, *, at: datetime) -> None:
        """Destroy the keys of *account* in the ambient transaction; it can never be opened or created again."""
        counts = {
            "account_keys": await self.trees.keys.destroy_key(account),
            "account_usage": await self.trees.usages.delete(account, at=at),
            **await self.erase_subject(account),
        }
        await self.trees.erased_accounts.start(account, erasure_id, counts, at=at)
        self.db.after_commit(self.wakeup.set)

    def invalidate(self, account: str) -> None:
        """Drop what this process has cached of *account*."""
        self.devices.invalidate_account(account)
        self.trees.keys.invalidate(account)
        self.trees.caches.invalidate(account)

    async def run(self) -> None:
        """Complete erasures on schedule."""
        while True:
            self.wakeup.clear()
            await self.complete_pending()
            try:
                async with asyncio.timeout(POLL_INTERVAL):
                    await self.wakeup.wait()
            except TimeoutError:
                continue

    async def complete_pending(self) -> int:
        """Complete the erasures that were started; return how many."""
        rows = await self.trees.erased_accounts.list_unfinished(limit=_BATCH_SIZE)
        for row in rows:
            await self._complete_erasure(row.id)
        return len(rows)

    async def _complete_erasure(self, account: str) -> None:
        """Delete the documents and blobs, which are unreadable by now, then publish the receipt."""
        trees = self.trees
        await trees.erased_accounts.add_erased_count(account, "nodes", await trees.nodes.delete_by_account(account))
        await trees.erased_accounts.add_erased_count(
            account, "tombstones", await trees.tombstones.delete_by_account(account)
        )
        await trees.erased_accounts.add_erased_count(
            account, "inspections", await self.inspections.delete_by_account(account)
        )
        await trees.erased_accounts.add_erased_count(
            account, "restores", await self.restores.delete_by_account(account)
        )
        await trees.erased_accounts.add_erased_count(account, "locks", await trees.locks.delete_by_account(account))
        await trees.erased_accounts.add_erased_count(
            account, "contents", await trees.contents.mark_account_deleted(account, at=self.clock())
        )
        await self.garbage_collector.delete_expired()
        if await trees.contents.count_by_account(account) == 0:
            await self.db.with_transaction(lambda: self._publish_receipt(account))

    async def _publish_receipt(self, account: str) -> None:
        row = await self.trees.erased_accounts.complete(account)
        if row is not None:
            result = ErasureResult(erased_counts=row.erased_counts)
            await self.outbox.put(build_receipt(row.erasure_id, result, at=self.clock()), subject=row.erasure_id)
