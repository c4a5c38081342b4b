"""Deletes what is no longer reachable: members of deleted folders, and contents without references."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from services.sync.domain.tree import DETACHED
from services.sync.errors import AccountClosedError
from services.sync.ports import Blobs
from services.sync.service.tree.unit_of_work import TreeUnitOfWork
from services.sync.service.tree.write_queue import TreeAccess
from services.sync.store import Content, Contents, Nodes
from shared.clock import Clock

BATCH_SIZE: Final = 500
"""Nodes deleted in one transaction, and contents read at once."""
POLL_INTERVAL: Final = 5.0
"""Poll interval in seconds without a wake-up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GarbageCollector:
    """Frees quota and deletes blobs; every step can be interrupted and is continued by the next run."""

    tree_access: TreeAccess
    nodes: Nodes
    contents: Contents
    blobs: Blobs
    clock: Clock

    async def run(self) -> None:
        """Collect when something was deleted here, and every few seconds."""
        while True:
            self.tree_access.garbage_added.clear()
            await self.collect()
            try:
                async with asyncio.timeout(POLL_INTERVAL):
                    await self.tree_access.garbage_added.wait()
            except TimeoutError:
                continue

    async def collect(self) -> int:
        """Run one collection; return how many nodes and contents were removed."""
        cleared = 0
        while found := await self.nodes.list_detached(limit=BATCH_SIZE):
            before = cleared
            for account, folder in found:
                cleared += await self.collect_folder(account, folder)
            if cleared == before:
                break  # only erased accounts are left, which their erasure completes
        return cleared + await self.delete_expired()

    async def collect_folder(self, account: str, folder: str) -> int:
        """Delete the members of a deleted folder, then the folder; folders inside it become detached themselves."""
        cleared = 0
        try:
            while (
                more := await self.tree_access.write(account, lambda uow: _collect_members(uow, folder))
            ) == BATCH_SIZE:
                cleared += more
        except AccountClosedError:
            return 0
        return cleared + more + 1

    async def delete_expired(self) -> int:
        """Delete the contents that have expired."""
        destroyed, now = 0, self.clock()
        while expired := await self.contents.list_expired(by=now, limit=BATCH_SIZE):
            for content in expired:
                if await self._claim_content(content, now):
                    if content.inline is None:
                        await self.blobs.delete(content.id)
                    await self.contents.delete(content.id)
                    destroyed += 1
        return destroyed

    async def _claim_content(self, content: Content, now: datetime) -> bool:
        """Claim an expired content; False when it is in use again. After a claim it can no longer be used."""
        if not content.reserved_bytes:
            return await self.contents.claim(content.id, by=now) is not None

        async def change(uow: TreeUnitOfWork) -> bool:
            claimed = await uow.trees.contents.claim(content.id, by=now)
            if claimed is None:
                return False
            uow.next_rev()
            uow.adjust_usage(reserved=-claimed.reserved_bytes)
            return True

        try:
            return await self.tree_access.write(content.account, change)
        except AccountClosedError:
            return await self.contents.claim(content.id, by=now) is not None


async def _collect_members(uow: TreeUnitOfWork, folder: str) -> int:
    """Delete a batch of members of a detached folder, and the folder after the last; return how many."""
    members = await uow.trees.nodes.list_members_of_folders(uow.cipher, [folder], limit=BATCH_SIZE)
    rev = uow.next_rev()
    for node in members:
        if node.is_folder:
            uow.update(node, replace(node, parent=DETACHED, rev=rev))
        else:
            uow.remove_detached(node.id)
            uow.adjust_refs(node.content, node.size, delta=-1)
            uow.adjust_usage(used=-node.size, files=-1)
    if len(members) < BATCH_SIZE:
        uow.remove_detached(folder)
    return len(members)
