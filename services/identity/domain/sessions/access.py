"""Who may do what, and for how long: roles, scopes, lifetimes, and how a session is named to its owner."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal


class Role(StrEnum):
    """What a member of the staff may do."""

    SUPPORT = "support"
    DISCLOSURE = "disclosure"
    ENGINEER = "engineer"
    SECURITY = "security"
    ADMIN = "admin"


class AppScope(StrEnum):
    """What an app password opens in sync."""

    READ = "read"
    READ_WRITE = "read_write"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSubject:
    """Whom an access token speaks for."""

    kind: Literal["customer", "staff", "partner"]
    id: str
    session_id: str
    authenticated_at: datetime
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    purpose: str = ""
    """What a partner's token is for (C13)."""


ACCESS_TOKEN_LIFETIME = timedelta(minutes=5)
TOKEN_LEEWAY = timedelta(minutes=1)
"""Clocks of services may differ by this: an ended session is remembered that much longer than its last token lives."""
KEY_PREPUBLISH_PERIOD = timedelta(minutes=15)
"""How long a new key to sign is shown before it signs: within that time every replica is started again."""
REFRESH_TOKEN_LIFETIME = timedelta(days=30)
REFRESH_REUSE_GRACE = timedelta(seconds=20)
"""How long the refresh token before the newest still gives an access token, and no refresh token (decision 7).

As long as an answer may take through the edge: until then a browser may not have the newest one.
"""
SESSION_LIFETIME = timedelta(days=180)
VERIFICATION_LIFETIME = timedelta(minutes=30)
APP_PASSWORD_LIFETIME = timedelta(days=365)
MAX_SESSIONS = 100
"""More log-ins of one account end the session that was not seen for longest."""
MAX_APP_PASSWORDS = 50
REAUTH_MAX_AGE = timedelta(minutes=15)
"""How old a log-in may be when everything is handed over."""
AGREEMENT_CACHE_TTL = timedelta(seconds=60)

_CLIENT_NAMES = (
    ("edg", "Edge"),
    ("opr/", "Opera"),
    ("firefox", "Firefox"),
    ("chrom", "Chrome"),
    ("safari", "Safari"),
    ("curl", "curl"),
    ("rclone", "rclone"),
)
_SYSTEM_NAMES = (
    ("iphone", "iPhone"),
    ("ipad", "iPad"),
    ("android", "Android"),
    ("windows", "Windows"),
    ("mac os", "macOS"),
    ("linux", "Linux"),
)


def describe_user_agent(user_agent: str) -> str:
    """Return what the owner needs to recognise a session by, and no more of the User-Agent (C01)."""
    seen = user_agent.lower()
    program = next((name for mark, name in _CLIENT_NAMES if mark in seen), "An app")
    system = next((name for mark, name in _SYSTEM_NAMES if mark in seen), "")
    return f"{program} on {system}" if system else program
