"""The restore drill: once a day the newest backup is read back, and one account's files are opened.

The result is in the register of backups, where the probe of C19 reads it.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from services.sync.domain.backups import Backup, BackupState
from services.sync.errors import BackupNotFoundError
from services.sync.service.backup.backups import BackupService
from services.sync.service.backup.reader import BackupTree, read_contents, skip_to_account
from services.sync.store import AccountKeys
from shared.errors import ServiceError
from shared.ids import random_bytes

POLL_INTERVAL: Final = 600.0
DRILL_INTERVAL: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreDrill:
    """Reads backups back."""

    backups: BackupService
    keys: AccountKeys

    async def run(self) -> None:
        """Run the restore drill on schedule."""
        while True:
            await self.run_if_due()
            await asyncio.sleep(POLL_INTERVAL)

    async def run_if_due(self) -> Backup | None:
        """Read the newest backup back unless that was done within a day; return its record afterwards."""
        available = await self.backups.repository.list_by_state(BackupState.AVAILABLE)
        newest = max(available, key=lambda one: one.requested_at, default=None)
        if newest is None or (
            newest.drilled_at is not None and self.backups.clock() - newest.drilled_at < DRILL_INTERVAL
        ):
            return None
        return await self.run_drill(newest)

    async def run_drill(self, backup: Backup) -> Backup | None:
        """Read all of *backup*, one account with its keys; record the result. None when it was deleted in between."""
        try:
            await self._read_back(backup)
            failed = False
        except BackupNotFoundError:
            # Without a key the backup is lost, unless the register says that it was deleted.
            failed = True
        except ServiceError:
            failed = True
        drilled = replace(backup, drilled_at=self.backups.clock(), drill_failed=failed)
        return drilled if await self.backups.repository.update(drilled, expected_state=BackupState.AVAILABLE) else None

    async def _read_back(self, backup: Backup) -> None:
        records, passed = self.backups.read(backup), 0
        first = int.from_bytes(random_bytes(8), "big") % max(1, backup.accounts)

        def is_chosen(_: str) -> bool:
            nonlocal passed
            passed += 1
            return passed > first

        while (account := await skip_to_account(records, is_chosen)) is not None:
            cipher = await self.keys.get_cipher(account)
            if cipher is None:
                continue  # erased since the backup: it must not open any more
            async for content in read_contents(records, cipher, BackupTree()):
                async for _ in content.pieces:
                    """Verify each frame by opening it."""
            break
        async for _ in records:
            """The rest is read for the checksum."""
