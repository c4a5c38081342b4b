"""The space of one account: its revision and its room. Every change of the account's tree goes through it."""

from dataclasses import dataclass

from services.sync.errors import QuotaExceededError


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUsage:
    """*rev* grows with every change and is never given twice; *locks* is how many were there when last counted."""

    account: str
    quota_bytes: int
    rev: int = 0
    used_bytes: int = 0
    reserved_bytes: int = 0
    """What uploads under way may still come to take."""
    files: int = 0
    locks: int = 0
    tracked_since_rev: int | None = None
    """Since which revision it is known what left its place; None while no client follows the tree (RFC 6578)."""

    @property
    def available_bytes(self) -> int:
        """What can still be stored."""
        return max(0, self.quota_bytes - self.used_bytes - self.reserved_bytes)

    def check_quota(self, growth: int) -> None:
        """Refuse a growth that does not fit; what does not grow always fits."""
        if growth > 0 and self.used_bytes + self.reserved_bytes + growth > self.quota_bytes:
            raise QuotaExceededError
