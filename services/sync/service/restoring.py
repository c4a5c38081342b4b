"""Takes restores in and tells of them; they are done by ``restore_jobs``, one of an account after the other."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.sync.domain.backups import Backup, BackupState
from services.sync.domain.restores import MOST_WAITING, Restore, restore_of
from services.sync.domain.tree import Path, checked_path
from services.sync.errors import AccountClosedError, BackupUnknownError, RestoreUnknownError, TooManyRestoresError
from services.sync.service.attempts import found
from services.sync.service.backups import Backups
from services.sync.service.draft import Draft
from services.sync.service.recovering import HeldTree, contents_of, skip_to
from services.sync.service.turns import Turns
from services.sync.store import RestoreRows, Seal, Trees

LOOKED_INTO: Final = 32 << 20
"""Backups up to this size are looked into at once, so that a path that they do not hold is refused and not queued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoring:
    """Asks for restores and tells how far they have come."""

    backups: Backups
    trees: Trees
    turns: Turns
    rows: RestoreRows
    called: asyncio.Event
    """Set when there is something new to do."""
    looked_into: int = LOOKED_INTO

    async def mine(self, account: str) -> list[Backup]:
        """Return the backups that hold the tree of *account*, the latest first; none once it was erased."""
        opened_at = await self.trees.spaces.opened_at(account)
        if opened_at is None:
            return []
        held = await self.backups.rows.in_state(BackupState.HELD)
        return sorted((one for one in held if one.asked_at > opened_at), key=lambda one: one.asked_at, reverse=True)

    async def ask(self, account: str, backup_id: str, path: Path, *, operation: str, at: datetime) -> Restore:
        """Ask to bring back what was at *path* (the root: everything); the same *operation* asks only once.

        AccountClosedError for an erased account, whose key is gone; NotInBackupError at once where that is cheap.
        """
        checked_path(path)
        if await self.trees.erasures.has(account):
            raise AccountClosedError
        backup = next((one for one in await self.mine(account) if one.id == backup_id), None)
        if backup is None:
            raise BackupUnknownError
        seal = await self.trees.seal_of(account)
        wanted = Restore(id=restore_of(operation), account=account, backup=backup_id, path=path, asked_at=at)
        if (known := await self.rows.get(seal, wanted.id)) is not None:
            return known
        if backup.bytes <= self.looked_into:
            await self._look_into(backup, seal, path)

        async def enter(draft: Draft) -> Restore:
            if await self.rows.unfinished_of(account) >= MOST_WAITING:
                raise TooManyRestoresError
            draft.next_rev()  # it collides with an erasure at this moment, so that no row outlives it
            await self.rows.add(draft.seal, wanted)
            return wanted

        entered = await self.turns.change(account, enter)
        self.called.set()
        return entered

    async def _look_into(self, backup: Backup, seal: Seal, path: Path) -> None:
        tree = HeldTree()
        async with aclosing(self.backups.read(backup)) as records:
            if await skip_to(records, seal.account.__eq__) is None:
                raise BackupUnknownError
            async with aclosing(contents_of(records, seal, tree)) as contents:
                await anext(contents, None)  # all nodes are known then
        found(tree, seal.account, path)

    async def get(self, account: str, restore: str) -> Restore:
        """Return a restore of *account*."""
        seal = await self.trees.keys.of(account)
        known = None if seal is None else await self.rows.get(seal, restore)
        if known is None:
            raise RestoreUnknownError
        return known

    async def page(self, account: str, *, after: str | None, limit: int) -> list[Restore]:
        """Return restores of *account*, the latest first, beginning behind the position *after*."""
        seal = await self.trees.keys.of(account)
        return [] if seal is None else await self.rows.page(seal, after=after, limit=limit)
