"""A restore from a backup: what the customer requested, and its progress."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.sync.domain.tree import TreePath

MAX_PENDING_RESTORES: Final = 10
"""Restores of one account that may be pending or running."""
MAX_ATTEMPTS_WITHOUT_PROGRESS: Final = 30
"""Attempts in a row without progress, after which a restore fails."""


class RestoreState(StrEnum):
    """The life of a restore."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


UNFINISHED_STATES: Final = (RestoreState.PENDING, RestoreState.RUNNING)


@dataclass(slots=True, kw_only=True)
class RestoreProgress:
    """What has been restored so far."""

    files: int = 0
    folders: int = 0
    bytes: int = 0
    missing: int = 0
    """Files whose content the backup does not hold (it was replaced during the backup) or does not open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreFailure:
    """Why a restore failed: error code, what happened, and what helps."""

    code: str
    detail: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """One restore of an account.

    *fencing_token* grows with each claim, so that a worker whose claim was taken over can no longer write.
    """

    id: str
    account: str
    backup: str
    path: TreePath
    """The requested path at the time of the backup; ``()`` is everything."""
    requested_at: datetime
    state: RestoreState = RestoreState.PENDING
    started_at: datetime | None = None
    finished_at: datetime | None = None
    fencing_token: int = 0
    attempts_without_progress: int = 0
    """Attempts since the last progress."""
    uploading: str = ""
    """The content that was being uploaded last; the next attempt gives its reservation back."""
    destination: TreePath = ()
    """The path to which it was restored; ``()`` while nothing was."""
    files: int = 0
    folders: int = 0
    bytes: int = 0
    missing: int = 0
    files_total: int = 0
    bytes_total: int = 0
    failure: RestoreFailure | None = None

    @property
    def position(self) -> str:
        """Its position in a list that is sorted newest first."""
        return f"{self.requested_at.isoformat()} {self.id}"


def restore_id(idempotency_key: str) -> str:
    """Return the id of the restore for *idempotency_key*: a repeated request is the same restore."""
    return f"rst_{_digest(idempotency_key)}"


def node_id(restore: str, backup_node: str) -> str:
    """Return the id of the restored copy of *backup_node*: always the same, so no attempt creates it twice."""
    return f"nod_{_digest(f'{restore}:{backup_node}')}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:26]
