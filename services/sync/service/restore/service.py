"""Accepts restores and reports their progress; ``worker`` runs them."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.sync.domain.backups import Backup, BackupState
from services.sync.domain.restores import MAX_PENDING_RESTORES, Restore, restore_id
from services.sync.domain.tree import TreePath, validate_path
from services.sync.errors import AccountClosedError, BackupNotFoundError, RestoreNotFoundError, TooManyRestoresError
from services.sync.service.backup.backups import BackupService
from services.sync.service.backup.reader import BackupTree, read_contents, skip_to_account
from services.sync.service.restore.run import find_in_backup
from services.sync.service.tree.unit_of_work import TreeUnitOfWork
from services.sync.service.tree.write_queue import TreeAccess
from services.sync.store import AccountCipher, Restores, TreeStore

MAX_PRECHECKED_BYTES: Final = 32 << 20
"""Backups up to this size are searched at once, so that a missing path is refused instead of queued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreService:
    """Accepts and lists restores."""

    backups: BackupService
    trees: TreeStore
    tree_access: TreeAccess
    repository: Restores
    wakeup: asyncio.Event
    """Set when there is a new restore."""
    max_prechecked_bytes: int = MAX_PRECHECKED_BYTES

    async def list_backups(self, account: str) -> list[Backup]:
        """Return the backups that hold the tree of *account*, newest first; none once it was erased."""
        opened_at = await self.trees.usages.get_created_at(account)
        if opened_at is None:
            return []
        available = await self.backups.repository.list_by_state(BackupState.AVAILABLE)
        return sorted(
            (one for one in available if one.requested_at > opened_at), key=lambda one: one.requested_at, reverse=True
        )

    async def request(
        self, account: str, backup_id: str, path: TreePath, *, idempotency_key: str, at: datetime
    ) -> Restore:
        """Request a restore of *path* (the root: everything); a repeated *idempotency_key* returns the first restore.

        AccountClosedError for an erased account; BackupPathNotFoundError at once for small backups.
        """
        validate_path(path)
        if await self.trees.erased_accounts.has(account):
            raise AccountClosedError
        backup = next((one for one in await self.list_backups(account) if one.id == backup_id), None)
        if backup is None:
            raise BackupNotFoundError
        cipher = await self.trees.get_cipher(account)
        restore = Restore(id=restore_id(idempotency_key), account=account, backup=backup_id, path=path, requested_at=at)
        if (known := await self.repository.get(cipher, restore.id)) is not None:
            return known
        if backup.bytes <= self.max_prechecked_bytes:
            await self._check_in_backup(backup, cipher, path)

        async def enter(uow: TreeUnitOfWork) -> Restore:
            if await self.repository.count_unfinished(account) >= MAX_PENDING_RESTORES:
                raise TooManyRestoresError
            uow.next_rev()  # so that an erasure at this moment conflicts, and no restore outlives it
            await self.repository.add(uow.cipher, restore)
            return restore

        entered = await self.tree_access.write(account, enter)
        self.wakeup.set()
        return entered

    async def _check_in_backup(self, backup: Backup, cipher: AccountCipher, path: TreePath) -> None:
        tree = BackupTree()
        async with aclosing(self.backups.read(backup)) as records:
            if await skip_to_account(records, cipher.account.__eq__) is None:
                raise BackupNotFoundError
            async with aclosing(read_contents(records, cipher, tree)) as contents:
                await anext(contents, None)  # all nodes are read before the first content
        find_in_backup(tree, cipher.account, path)

    async def get(self, account: str, restore: str) -> Restore:
        """Return a restore of *account*."""
        cipher = await self.trees.keys.get_cipher(account)
        known = None if cipher is None else await self.repository.get(cipher, restore)
        if known is None:
            raise RestoreNotFoundError
        return known

    async def list_page(self, account: str, *, after: str | None, limit: int) -> list[Restore]:
        """Return restores of *account*, newest first, after the position *after*."""
        cipher = await self.trees.keys.get_cipher(account)
        return [] if cipher is None else await self.repository.list_page(cipher, after=after, limit=limit)
