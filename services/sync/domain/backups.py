"""Backups of customer data expire (C19): each has its end date from the start."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

MAX_BACKUP_AGE = timedelta(days=183)
"""Six months, the promise: no backup may be older."""


class BackupState(StrEnum):
    """The life of a backup."""

    REQUESTED = "requested"
    AVAILABLE = "available"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A copy of all trees and contents, sealed under a key of its own."""

    id: str
    state: BackupState
    requested_at: datetime
    expires_at: datetime
    created_at: datetime | None = None
    destroyed_at: datetime | None = None
    accounts: int = 0
    nodes: int = 0
    bytes: int = 0
    sha256: str = ""
    """The checksum of all records before sealing; empty in backups that are older than this field."""
    drilled_at: datetime | None = None
    """When the restore drill last read it."""
    drill_failed: bool = False
    """Whether that drill failed."""

    def is_overdue(self, at: datetime) -> bool:
        """Tell whether it should have been deleted by *at*."""
        return self.state is not BackupState.DESTROYED and at >= self.expires_at

    def exceeds_max_age(self) -> bool:
        """Tell whether its end date breaks the promise."""
        return self.expires_at - (self.created_at or self.requested_at) > MAX_BACKUP_AGE


def backup_expiry(requested_at: datetime, retention: timedelta) -> datetime:
    """Return the end date of a backup requested at *requested_at*; never later than the promise allows."""
    return requested_at + min(retention, MAX_BACKUP_AGE)
