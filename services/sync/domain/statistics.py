"""Statistics of the service: how much is stored, with which clients, how it is used; each of at least ten accounts."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

MIN_GROUP_SIZE: Final = 10
"""No figure is ever stored, or told, of fewer accounts."""

OTHER_FAMILY: Final = "other"
_FAMILY_MARKS: Final = (
    ("OmniFocus", "OmniFocus"),
    ("OmniOutliner", "OmniOutliner"),
    ("OmniGraffle", "OmniGraffle"),
    ("OmniPlan", "OmniPlan"),
    ("OmniPresence", "OmniPresence"),
    ("WebDAVFS", "macOS Finder"),
    ("WebDAVLib", "macOS Finder"),
    ("Microsoft-WebDAV", "Windows Explorer"),
    ("gvfs", "GNOME Files"),
    ("davfs2", "davfs2"),
    ("cadaver", "cadaver"),
    ("rclone", "rclone"),
    ("Cyberduck", "Cyberduck"),
    ("DAVx5", "DAVx5"),
    ("curl", "curl"),
    ("Mozilla", "browser"),
)
CLIENT_FAMILIES: Final = frozenset({family for _, family in _FAMILY_MARKS} | {OTHER_FAMILY})
_OPERATION_KINDS: Final = {
    **dict.fromkeys(("GET", "HEAD"), "reads"),
    **dict.fromkeys(("PUT", "DELETE", "MKCOL", "COPY", "MOVE", "PROPPATCH"), "writes"),
    **dict.fromkeys(("PROPFIND", "REPORT"), "lists"),
}
SIZE_CLASSES: Final = (("up to 1 MB", 10**6), ("up to 100 MB", 10**8), ("up to 1 GB", 10**9), ("more", 1 << 62))


def client_family(user_agent: str) -> str:
    """Return the family of a client: no version, no system, nothing that few have."""
    return next((family for mark, family in _FAMILY_MARKS if mark in user_agent[:200]), OTHER_FAMILY)


def operation_kind(method: str) -> str | None:
    """Return what a request does; None when it is not counted."""
    return _OPERATION_KINDS.get(method)


def round_down(count: int) -> int:
    """Return *count* without its last digit, so that one more or less does not show."""
    return count - count % MIN_GROUP_SIZE


@dataclass(slots=True)
class ClientGroup:
    """Accounts that used one family of clients on one day, and what they did; kept in memory until they are enough."""

    uncounted: set[bytes] = field(default_factory=set)
    """Accounts that are not counted yet."""
    counted: set[bytes] = field(default_factory=set)
    operations: Counter[str] = field(default_factory=Counter)

    def record(self, account: bytes, kind: str) -> None:
        """Note that *account* did something."""
        if account not in self.counted:
            self.uncounted.add(account)
        self.operations[kind] += 1

    def take_countable(self) -> tuple[int, Counter[str]] | None:
        """Return how many accounts are to be counted and what was done; None as long as they are too few."""
        if len(self.uncounted) < MIN_GROUP_SIZE:
            return None
        count, did = len(self.uncounted), self.operations
        self.counted |= self.uncounted
        self.uncounted, self.operations = set(), Counter()
        return count, did


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDay:
    """What the accounts with one *family* of clients did on a *day*."""

    day: str
    family: str
    accounts: int
    reads: int
    writes: int
    lists: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageDay:
    """How much was stored on a *day*: by how many accounts, and how many of each size."""

    day: str
    accounts: int
    bytes: int
    sizes: dict[str, int]


def summarize_storage(day: str, used_bytes: Iterable[int]) -> StorageDay | None:
    """Return what is told of accounts that use so many bytes each; None when they are too few.

    A size that too few have is told with the next larger one, and the largest not at all.
    """
    sizes = sorted(used_bytes)
    if len(sizes) < MIN_GROUP_SIZE:
        return None
    groups: list[tuple[str, int]] = []
    waiting, at = 0, 0
    for name, most in SIZE_CLASSES:
        count = sum(1 for size in sizes[at:] if size <= most)
        at, waiting = at + count, waiting + count
        if waiting >= MIN_GROUP_SIZE:
            groups.append((name, waiting))
            waiting = 0
    total = sum(sizes)
    digits = max(0, len(str(total)) - 2)
    return StorageDay(
        day=day,
        accounts=round_down(len(sizes)),
        bytes=total // 10**digits * 10**digits,
        sizes={name: round_down(count) for name, count in groups},
    )
