"""The edge's access log on one machine: a file for each day, and each is deleted when its time is over (C04)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from shared.clock import Clock

RETENTION = timedelta(days=30)
"""How long the visits of a day are kept; in a cluster whoever collects the logs decides."""
ROTATION_POLL_INTERVAL = 60.0
ReopenLogs = Callable[[], Awaitable[None]]
"""Lets the proxy go on in a new file; until then it writes into the one that it has, whatever that is called now."""


@dataclass(slots=True, kw_only=True)
class AccessLog:
    """Puts the visits of past days aside, into a folder named after the file, and deletes them."""

    file: Path
    clock: Clock
    reopen: ReopenLogs
    file_day: date | None = None
    """The day of the visits in the file, as far as they are not of today."""

    async def run(self) -> None:
        """Look for ever; a disk that refuses is asked again."""
        while True:
            with suppress(OSError):
                await self.rotate_if_due()
            await asyncio.sleep(ROTATION_POLL_INTERVAL)

    async def rotate_if_due(self) -> None:
        """Do what is due."""
        today = self.clock().date()
        await asyncio.to_thread(self._delete_older, today - RETENTION)
        began = self.file_day or await asyncio.to_thread(self._last_written_day)
        if began is not None and began < today:
            await asyncio.to_thread(self._archive, began)
            # Also when there was nothing to put aside: perhaps the proxy could not be told yesterday.
            await self.reopen()
        self.file_day = today

    def _last_written_day(self) -> date | None:
        """Return the day of the file that an earlier run has left."""
        if not self.file.exists():
            return None
        return datetime.fromtimestamp(self.file.stat().st_mtime, tz=self.clock().tzinfo).date()

    def _archive(self, day: date) -> None:
        aside = self._archive_path(day)
        if aside.exists() or not self.file.exists() or not self.file.stat().st_size:
            return
        aside.parent.mkdir(mode=0o700, exist_ok=True)
        self.file.rename(aside)

    def _delete_older(self, before: date) -> None:
        for file in self._archive_path(before).parent.glob("*.log"):
            if file.name < self._archive_path(before).name:
                file.unlink()

    def _archive_path(self, day: date) -> Path:
        return self.file.with_suffix("") / f"{day.isoformat()}.log"
