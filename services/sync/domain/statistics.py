"""Usage statistics: storage, client families and operations, always of at least ten accounts (C11)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

MIN_GROUP_SIZE: Final = 10
"""No figure of fewer accounts is ever stored or published."""

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
    """Return the client family of a User-Agent: no version, no system, nothing that few clients have."""
    return next((family for mark, family in _FAMILY_MARKS if mark in user_agent[:200]), OTHER_FAMILY)


def operation_kind(method: str) -> str | None:
    """Return the operation that an HTTP method counts as; None when it is not counted."""
    return _OPERATION_KINDS.get(method)


def round_down(count: int) -> int:
    """Return *count* rounded down to tens, so that one more or less does not show."""
    return count - count % MIN_GROUP_SIZE


@dataclass(slots=True)
class ClientGroup:
    """The accounts that used one client family on one day, in memory until the group is large enough."""

    uncounted: set[bytes] = field(default_factory=set)
    """Accounts that are not counted yet."""
    counted: set[bytes] = field(default_factory=set)
    operations: Counter[str] = field(default_factory=Counter)

    def record(self, account: bytes, kind: str) -> None:
        """Count an operation of *account*."""
        if account not in self.counted:
            self.uncounted.add(account)
        self.operations[kind] += 1

    def take_countable(self) -> tuple[int, Counter[str]] | None:
        """Return the number of accounts and their operations, and reset; None while the group is too small."""
        if len(self.uncounted) < MIN_GROUP_SIZE:
            return None
        count, did = len(self.uncounted), self.operations
        self.counted |= self.uncounted
        self.uncounted, self.operations = set(), Counter()
        return count, did


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDay:
    """What the accounts with one client *family* did on a *day*."""

    day: str
    family: str
    accounts: int
    reads: int
    writes: int
    lists: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageDay:
    """The storage on a *day*: accounts, bytes, and accounts of each size."""

    day: str
    accounts: int
    bytes: int
    sizes: dict[str, int]


def summarize_storage(day: str, used_bytes: Iterable[int]) -> StorageDay | None:
    """Return the published figures for accounts of these sizes; None when there are too few.

    A size with too few accounts is merged into the next larger one; the largest is left out then.
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
