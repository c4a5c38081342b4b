"""A device that authenticated with an app password."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """An account and the device (the app password) that acts for it."""

    account: str
    username: str
    id: str
    can_write: bool
    expires_at: datetime
    """When the app password expires."""
