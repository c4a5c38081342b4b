"""A browser session: two tokens in a sealed cookie, and the claims of the access token."""

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

COOKIE_LIFETIME = timedelta(days=30)
"""At most the lifetime of a refresh token; the browser deletes the cookie when it is closed."""
REFRESH_LEEWAY = timedelta(seconds=30)
"""An access token this close to its expiry is refreshed before use."""
RECENT_LOGIN_WINDOW = timedelta(minutes=10)
"""The maximum age of a login to show a sensitive form. The APIs accept 15 minutes; this leaves time to fill it in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserSession:
    """The session of a logged-in visitor. Claims are not verified here: they only decide what a page offers."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    """Empty when another replica refreshed just before; the browser has the new token from there."""
    csrf_id: str = field(repr=False)
    """A random id of the login; form tokens are bound to it."""
    kind: str
    account_id: str
    session_id: str
    roles: frozenset[str]
    expires_at: datetime
    confirmed_at: datetime | None = None
    """The time of the last authentication; None when the token has none."""

    @classmethod
    def from_tokens(cls, access_token: str, refresh_token: str, csrf_id: str) -> Self:
        """Build the session; ValueError for a malformed access token."""
        claims = _parse_claims(access_token)
        try:
            return cls(
                access_token=access_token,
                refresh_token=refresh_token,
                csrf_id=csrf_id,
                kind=str(claims["kind"]),
                account_id=str(claims["sub"]),
                session_id=str(claims["sid"]),
                roles=frozenset(map(str, claims.get("roles", ()))),
                expires_at=datetime.fromtimestamp(int(claims["exp"]), UTC),
                confirmed_at=datetime.fromtimestamp(int(claims["auth_time"]), UTC) if "auth_time" in claims else None,
            )
        except (KeyError, TypeError) as fault:
            raise ValueError("the access token lacks a claim") from fault

    @property
    def is_staff(self) -> bool:
        """Whether this is a staff account."""
        return self.kind == "staff"

    @property
    def is_storable(self) -> bool:
        """Whether to store it in the cookie; without a refresh token the cookie is at least as new."""
        return bool(self.refresh_token)

    def is_recent(self, at: datetime) -> bool:
        """Whether the login is recent enough for sensitive forms; the APIs make the final decision."""
        return self.confirmed_at is None or at < self.confirmed_at + RECENT_LOGIN_WINDOW

    def is_stale(self, at: datetime) -> bool:
        """Whether the access token must be refreshed before use."""
        return at >= self.expires_at - REFRESH_LEEWAY


def _parse_claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError("not a token")
    found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    return dict(found)
