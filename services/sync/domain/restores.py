"""A restore: what a customer wants back from a backup, and how far it has come."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.sync.domain.tree import TreePath

MAX_PENDING_RESTORES: Final = 10
"""Restores of one account that may be waiting or running."""
MAX_ATTEMPTS_WITHOUT_PROGRESS: Final = 30
"""Attempts, one after the other, of which none brought anything back: then it is given up."""


class RestoreState(StrEnum):
    """Where a restore is in its life."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


UNFINISHED_STATES: Final = (RestoreState.PENDING, RestoreState.RUNNING)


@dataclass(slots=True, kw_only=True)
class RestoreProgress:
    """What has come back so far."""

    files: int = 0
    folders: int = 0
    bytes: int = 0
    missing: int = 0
    """Files whose contents the backup does not hold, since they were replaced while it was taken, or cannot open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreFailure:
    """Why a restore ended early: the stable code, what happened, and what helps."""

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
    """What is wanted, as it was called then; ``()`` is everything."""
    requested_at: datetime
    state: RestoreState = RestoreState.PENDING
    started_at: datetime | None = None
    finished_at: datetime | None = None
    fencing_token: int = 0
    attempts_without_progress: int = 0
    """Attempts since something came back."""
    uploading: str = ""
    """The content that was on its way last: whoever goes on gives its room back."""
    destination: TreePath = ()
    """Where it was brought back to; ``()`` while nothing was."""
    files: int = 0
    folders: int = 0
    bytes: int = 0
    missing: int = 0
    files_total: int = 0
    bytes_total: int = 0
    failure: RestoreFailure | None = None

    @property
    def position(self) -> str:
        """Where it stands in a list that is sorted newest first."""
        return f"{self.requested_at.isoformat()} {self.id}"


def restore_id(idempotency_key: str) -> str:
    """Return the id of the restore that *operation* asks for: a request that is repeated asks for the same."""
    return f"rst_{_digest(idempotency_key)}"


def node_id(restore: str, backup_node: str) -> str:
    """Return the id under which the node *held* of a backup comes back: always the same, so it never comes twice."""
    return f"nod_{_digest(f'{restore}:{backup_node}')}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:26]
