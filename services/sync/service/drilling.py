"""The restore drill: once a day, somebody's files are read back from the newest backup, and the whole of it is summed.

What comes of it is in the register, where the probe of C19 sees it.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from services.sync.domain.backups import Backup, BackupState
from services.sync.errors import BackupUnknownError
from services.sync.service.backups import Backups
from services.sync.service.recovering import HeldTree, contents_of, skip_to
from services.sync.store import Keys
from shared.errors import ServiceError
from shared.ids import random_bytes

LOOK_EVERY: Final = 600.0
EVERY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drilling:
    """Reads backups back."""

    backups: Backups
    keys: Keys

    async def run(self) -> None:
        """Drill when it is time, for ever."""
        while True:
            await self.drill_if_due()
            await asyncio.sleep(LOOK_EVERY)

    async def drill_if_due(self) -> Backup | None:
        """Read the newest backup back unless that was done within a day; return what is known of it then."""
        held = await self.backups.rows.in_state(BackupState.HELD)
        newest = max(held, key=lambda one: one.asked_at, default=None)
        if newest is None or (newest.drilled_at is not None and self.backups.clock() - newest.drilled_at < EVERY):
            return None
        return await self.drill(newest)

    async def drill(self, backup: Backup) -> Backup | None:
        """Read all of *backup*, one account with its keys; note the outcome. None when it was destroyed meanwhile."""
        try:
            await self._read(backup)
            failed = False
        except BackupUnknownError:
            # Without a key it is over, unless the register says otherwise: then it is as good as lost.
            failed = True
        except ServiceError:
            failed = True
        drilled = replace(backup, drilled_at=self.backups.clock(), drill_failed=failed)
        return drilled if await self.backups.rows.change(drilled, was=BackupState.HELD) else None

    async def _read(self, backup: Backup) -> None:
        records, passed = self.backups.read(backup), 0
        first = int.from_bytes(random_bytes(8), "big") % max(1, backup.accounts)

        def is_chosen(_: str) -> bool:
            nonlocal passed
            passed += 1
            return passed > first

        while (account := await skip_to(records, is_chosen)) is not None:
            seal = await self.keys.of(account)
            if seal is None:
                continue  # it was erased since: nobody can read it any more, as it should be
            async for content in contents_of(records, seal, HeldTree()):
                async for _ in content.pieces:
                    """Each frame is proved to be what was sealed."""
            break
        async for _ in records:
            """The rest is summed, too."""
