"""Clears away what nobody can reach any more: what was inside deleted folders, and contents without a user."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from services.sync.domain.tree import DETACHED
from services.sync.errors import AccountClosedError
from services.sync.ports import Blobs
from services.sync.service.draft import Draft
from services.sync.service.turns import Turns
from services.sync.store import Content, Contents, Nodes
from shared.clock import Clock

MOST: Final = 500
"""Nodes cleared in one change, and contents looked at in one go."""
EVERY: Final = 5.0
"""Seconds between two looks when nothing calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearing:
    """Gives room back and destroys blobs; whatever stops it, it goes on from there the next time."""

    turns: Turns
    nodes: Nodes
    contents: Contents
    blobs: Blobs
    clock: Clock

    async def run(self) -> None:
        """Clear for ever: at once when something was deleted here, and every few seconds."""
        while True:
            self.turns.discarded.clear()
            await self.clear()
            try:
                async with asyncio.timeout(EVERY):
                    await self.turns.discarded.wait()
            except TimeoutError:
                continue

    async def clear(self) -> int:
        """Clear all that there is; return how many nodes and contents that were."""
        cleared = 0
        while found := await self.nodes.detached(limit=MOST):
            before = cleared
            for account, folder in found:
                cleared += await self.clear_folder(account, folder)
            if cleared == before:
                break  # only erased accounts are left: theirs are the erasure's
        return cleared + await self.destroy_doomed()

    async def clear_folder(self, account: str, folder: str) -> int:
        """Take away what is inside a deleted folder, then the folder; folders inside it wait for their turn."""
        cleared = 0
        try:
            while (more := await self.turns.change(account, lambda draft: _some(draft, folder))) == MOST:
                cleared += more
        except AccountClosedError:
            return 0
        return cleared + more + 1

    async def destroy_doomed(self) -> int:
        """Destroy the contents whose time has come."""
        destroyed, now = 0, self.clock()
        while doomed := await self.contents.doomed(by=now, limit=MOST):
            for content in doomed:
                if await self._claimed(content, now):
                    if content.inline is None:
                        await self.blobs.delete(content.id)
                    await self.contents.remove(content.id)
                    destroyed += 1
        return destroyed

    async def _claimed(self, content: Content, now: datetime) -> bool:
        """Tell whether *content* may be destroyed: nobody has come to use it, and nobody can any more."""
        if not content.reserved:
            return await self.contents.claim(content.id, by=now) is not None

        async def change(draft: Draft) -> bool:
            claimed = await draft.trees.contents.claim(content.id, by=now)
            if claimed is None:
                return False
            draft.next_rev()
            draft.grow(reserved=-claimed.reserved)
            return True

        try:
            return await self.turns.change(content.account, change)
        except AccountClosedError:
            return await self.contents.claim(content.id, by=now) is not None


async def _some(draft: Draft, folder: str) -> int:
    """Take some members of a deleted folder away, and the folder itself after the last; return how many."""
    members = await draft.trees.nodes.beneath(draft.seal, [folder], limit=MOST)
    rev = draft.next_rev()
    for node in members:
        if node.is_folder:
            draft.put(node, replace(node, parent=DETACHED, rev=rev))
        else:
            draft.forget(node.id)
            draft.use(node.content, node.size, more=-1)
            draft.grow(used=-node.size, files=-1)
    if len(members) < MOST:
        draft.forget(folder)
    return len(members)
