"""Write locks (RFC 4918 §6, §7): what a lock covers, what it protects, which locks exclude each other."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.sync.domain.tree import TreePath
from services.sync.errors import LockConflictError, LockedError

MAX_LOCK_TIMEOUT = timedelta(hours=1)
"""No lock lasts longer without a refresh: a lost device blocks nobody for ever."""

MAX_LOCKS = 1000
"""Live locks of one account."""

MAX_OWNER_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A lock on the node at the end of *ids*; *deep* ones cover everything beneath, also what comes later.

    A node that moves loses its locks and those beneath it (RFC 4918 §7.7), so *ids* and *path* stay true.
    """

    token: str
    ids: TreePath
    path: TreePath
    exclusive: bool
    deep: bool
    owner: str
    """The XML that the client gave to describe itself, shown back as it came."""
    device: str
    """The app password that took it: the only one that may use or see its token."""
    seconds: int
    expires_at: datetime

    @property
    def node(self) -> str:
        """The locked node."""
        return self.ids[-1]

    def seconds_left(self, at: datetime) -> int:
        """Return how long it still lasts, rounded up."""
        return max(0, -((at - self.expires_at) // timedelta(seconds=1)))

    def covers_node(self, ids: TreePath) -> bool:
        """Tell whether it covers the node at the end of *ids*."""
        return self.node == ids[-1] or (self.deep and self.node in ids)

    def is_beneath(self, node: str) -> bool:
        """Tell whether it is on *node* or on something inside it."""
        return node in self.ids


def find_covering(locks: Iterable[Lock], ids: TreePath) -> list[Lock]:
    """Return those of *locks* that cover the node at the end of *ids*."""
    return [lock for lock in locks if lock.covers_node(ids)]


def find_beneath(locks: Iterable[Lock], node: str) -> list[Lock]:
    """Return those of *locks* on *node* and inside it."""
    return [lock for lock in locks if lock.is_beneath(node)]


def check_lock_tokens(locks: Iterable[Lock], submitted: frozenset[str], device: str) -> None:
    """Refuse unless for every locked node among *locks* the creator submitted a token; one of shared ones is enough."""
    relevant = list(locks)
    opened = {lock.node for lock in relevant if lock.device == device and lock.token in submitted}
    for lock in relevant:
        if lock.node not in opened:
            raise LockedError(lock.path)


def check_lock_conflict(requested: Lock, existing: Iterable[Lock]) -> None:
    """Refuse *wanted* when a lock that is *present* excludes it."""
    for lock in existing:
        meets = lock.covers_node(requested.ids) or (requested.deep and lock.is_beneath(requested.node))
        if meets and (lock.exclusive or requested.exclusive):
            raise LockConflictError(lock.path)
