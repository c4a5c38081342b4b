"""Who comes in: an account, by one of its devices."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """An account, and the device (its app password) that speaks for it."""

    account: str
    username: str
    device: str
    may_write: bool
    until: datetime
    """When the app password expires."""
