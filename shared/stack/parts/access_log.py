"""Rotates the edge's access log daily and deletes old files (C04)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from shared.clock import Clock
from shared.promises.server_logs import ACCESS_LOG_RETENTION

RETENTION = ACCESS_LOG_RETENTION
ROTATION_POLL_INTERVAL = 60.0
ReopenLogs = Callable[[], Awaitable[None]]
"""Makes the proxy reopen its log file; until then it keeps writing to the renamed one."""


@dataclass(slots=True, kw_only=True)
class AccessLog:
    """Moves the log of past days to a folder named after the file, and deletes expired ones."""

    file: Path
    clock: Clock
    reopen: ReopenLogs
    file_day: date | None = None
    """The day of the current file's entries; None until the first check."""

    async def run(self) -> None:
        """Rotate when due, until cancelled; disk errors are retried."""
        while True:
            with suppress(OSError):
                await self.rotate_if_due()
            await asyncio.sleep(ROTATION_POLL_INTERVAL)

    async def rotate_if_due(self) -> None:
        """Delete expired logs, and archive the current file if a new day has begun."""
        today = self.clock().date()
        await asyncio.to_thread(self._delete_older, today - RETENTION)
        day = self.file_day or await asyncio.to_thread(self._last_written_day)
        if day is not None and day < today:
            await asyncio.to_thread(self._archive, day)
            # Also when nothing was archived: an earlier attempt may have failed to reach the proxy.
            await self.reopen()
        self.file_day = today

    def _last_written_day(self) -> date | None:
        """Return the day of the last write to a file left by an earlier run."""
        if not self.file.exists():
            return None
        return datetime.fromtimestamp(self.file.stat().st_mtime, tz=self.clock().tzinfo).date()

    def _archive(self, day: date) -> None:
        target = self._archive_path(day)
        if target.exists() or not self.file.exists() or not self.file.stat().st_size:
            return
        target.parent.mkdir(mode=0o700, exist_ok=True)
        self.file.rename(target)

    def _delete_older(self, before: date) -> None:
        for file in self._archive_path(before).parent.glob("*.log"):
            if file.name < self._archive_path(before).name:
                file.unlink()

    def _archive_path(self, day: date) -> Path:
        return self.file.with_suffix("") / f"{day.isoformat()}.log"
