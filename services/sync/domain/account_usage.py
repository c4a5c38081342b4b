"""The usage of one account: its revision and its quota. Every change of the account's tree updates it."""

from dataclasses import dataclass

from services.sync.errors import QuotaExceededError


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUsage:
    """*rev* grows with every change and is never reused; *locks* is the number of locks when last counted."""

    account: str
    quota_bytes: int
    rev: int = 0
    used_bytes: int = 0
    reserved_bytes: int = 0
    """Bytes reserved for uploads in progress."""
    files: int = 0
    locks: int = 0
    tracked_since_rev: int | None = None
    """The revision since which tombstones are written; None while no client uses sync tokens (RFC 6578)."""

    @property
    def available_bytes(self) -> int:
        """The bytes that may still be stored."""
        return max(0, self.quota_bytes - self.used_bytes - self.reserved_bytes)

    def check_quota(self, growth: int) -> None:
        """Raise QuotaExceededError when *growth* bytes do not fit; a change that does not grow always fits."""
        if growth > 0 and self.used_bytes + self.reserved_bytes + growth > self.quota_bytes:
            raise QuotaExceededError
