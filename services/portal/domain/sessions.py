"""A session as the browser keeps it: two tokens in a sealed cookie, and what the access token says of itself."""

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

COOKIE_LIFETIME = timedelta(days=30)
"""Not longer than identity lets a refresh token wait; the browser forgets the cookie when it is closed."""
REFRESH_LEEWAY = timedelta(seconds=30)
"""A token this close to its end is replaced before it is used."""
RECENT_LOGIN_WINDOW = timedelta(minutes=10)
"""How old a log-in may be for a form that needs a recent one: the APIs take 15 minutes, filling it in takes some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserSession:
    """Who is logged in. The APIs check the token; what is read here only decides what a page offers."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    """Empty where another replica of the portal has refreshed moments before: the browser has the rest from there."""
    csrf_id: str = field(repr=False)
    """Made at log-in, kept until log-out: what the tokens in forms are bound to."""
    kind: str
    account_id: str
    session_id: str
    roles: frozenset[str]
    expires_at: datetime
    confirmed_at: datetime | None = None
    """When its owner last proved to be it; None where the token does not say."""

    @classmethod
    def from_tokens(cls, access_token: str, refresh_token: str, csrf_id: str) -> Self:
        """Return the session of these tokens; ValueError when the access token is not one."""
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
        """Whether this is a member of the staff."""
        return self.kind == "staff"

    @property
    def is_storable(self) -> bool:
        """Whether the browser should keep it; without a refresh token, what it has is as new or newer."""
        return bool(self.refresh_token)

    def is_recent(self, at: datetime) -> bool:
        """Tell whether the log-in is young enough for what is sensitive; the APIs decide, this saves typing twice."""
        return self.confirmed_at is None or at < self.confirmed_at + RECENT_LOGIN_WINDOW

    def is_stale(self, at: datetime) -> bool:
        """Tell whether the access token should be replaced before it is used."""
        return at >= self.expires_at - REFRESH_LEEWAY


def _parse_claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError("not a token")
    found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    return dict(found)
