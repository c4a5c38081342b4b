"""Write locks (RFC 4918 §6, §7): what a lock covers, what it protects, which locks conflict."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.sync.domain.tree import TreePath
from services.sync.errors import LockConflictError, LockedError

MAX_LOCK_TIMEOUT = timedelta(hours=1)
"""The longest time without a refresh, so that a lost device does not block others."""

MAX_LOCKS = 1000
"""Live locks of one account."""

MAX_OWNER_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A lock on the last node of *ids*; a *deep* one also covers everything inside it, present and future.

    A node that moves loses its locks and those inside it (RFC 4918 §7.7), so *ids* and *path* stay valid.
    """

    token: str
    ids: TreePath
    path: TreePath
    exclusive: bool
    deep: bool
    owner: str
    """The owner XML as the client sent it (RFC 4918 §14.17)."""
    device: str
    """The app password that created it: only this device may use its token."""
    seconds: int
    expires_at: datetime

    @property
    def node(self) -> str:
        """The locked node."""
        return self.ids[-1]

    def seconds_left(self, at: datetime) -> int:
        """Return the remaining time in seconds, rounded up."""
        return max(0, -((at - self.expires_at) // timedelta(seconds=1)))

    def covers_node(self, ids: TreePath) -> bool:
        """Tell whether it covers the last node of *ids*."""
        return self.node == ids[-1] or (self.deep and self.node in ids)

    def is_beneath(self, node: str) -> bool:
        """Tell whether it is on *node* or on something inside it."""
        return node in self.ids


def find_covering(locks: Iterable[Lock], ids: TreePath) -> list[Lock]:
    """Return the locks that cover the last node of *ids*."""
    return [lock for lock in locks if lock.covers_node(ids)]


def find_beneath(locks: Iterable[Lock], node: str) -> list[Lock]:
    """Return the locks on *node* and inside it."""
    return [lock for lock in locks if lock.is_beneath(node)]


def check_lock_tokens(locks: Iterable[Lock], submitted: frozenset[str], device: str) -> None:
    """Raise LockedError unless *device* submitted a token of its own for every locked node.

    Of several shared locks on a node one token is enough.
    """
    relevant = list(locks)
    opened = {lock.node for lock in relevant if lock.device == device and lock.token in submitted}
    for lock in relevant:
        if lock.node not in opened:
            raise LockedError(lock.path)


def check_lock_conflict(requested: Lock, existing: Iterable[Lock]) -> None:
    """Raise LockConflictError when an *existing* lock excludes *requested*."""
    for lock in existing:
        meets = lock.covers_node(requested.ids) or (requested.deep and lock.is_beneath(requested.node))
        if meets and (lock.exclusive or requested.exclusive):
            raise LockConflictError(lock.path)
