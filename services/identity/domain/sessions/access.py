"""Roles, scopes, token lifetimes, and how a session is described to its owner."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal


class Role(StrEnum):
    """The roles of staff."""

    SUPPORT = "support"
    DISCLOSURE = "disclosure"
    ENGINEER = "engineer"
    SECURITY = "security"
    ADMIN = "admin"


class AppScope(StrEnum):
    """The scopes of an app password in sync."""

    READ = "read"
    READ_WRITE = "read_write"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSubject:
    """The subject of an access token."""

    kind: Literal["customer", "staff", "partner"]
    id: str
    session_id: str
    authenticated_at: datetime
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    purpose: str = ""
    """The purpose of a partner's token (C13)."""
    client_id: str = ""
    """The client that the token is issued to; empty for a login without OAuth."""


ACCESS_TOKEN_LIFETIME = timedelta(minutes=5)
TOKEN_LEEWAY = timedelta(minutes=1)
"""Clock skew between services. A revoked session is kept that much longer than its last token lives."""
KEY_PREPUBLISH_PERIOD = timedelta(minutes=15)
"""How long a new signing key is published before it signs. Every replica is restarted within this time."""
REFRESH_TOKEN_LIFETIME = timedelta(days=30)
REFRESH_REUSE_GRACE = timedelta(seconds=20)
"""How long the previous refresh token still gets new tokens, while the newest one was not used (decision 16).

It is the longest time of a response through the edge: until then a client may not have the new token.
"""
SESSION_LIFETIME = timedelta(days=180)
VERIFICATION_LIFETIME = timedelta(minutes=30)
APP_PASSWORD_LIFETIME = timedelta(days=365)
MAX_SESSIONS = 100
"""One more login revokes the session that was not used for longest."""
MAX_APP_PASSWORDS = 50
REAUTH_MAX_AGE = timedelta(minutes=15)
"""The maximum age of a login for sensitive requests."""
AGREEMENT_CACHE_TTL = timedelta(seconds=60)
