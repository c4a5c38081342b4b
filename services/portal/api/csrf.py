"""CSRF protection: origin checks, and a sealed token in each form."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from services.portal.errors import CsrfOriginError, CsrfTokenError
from shared.crypto import InvalidTokenError, TokenSealer

_SEAL_KIND = "portal.form"
_TOKEN_TTL = timedelta(hours=12)
_ALLOWED_FETCH_SITES = frozenset({"same-origin", "none"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CsrfProtection:
    """Checks each POST before any page sees it."""

    links: TokenSealer
    public_url: str

    def issue_token(self, csrf_id: str, *, now: datetime) -> str:
        """Return the form token of a session; *csrf_id* is empty for visitors without a login."""
        return self.links.issue(_SEAL_KIND, {"m": csrf_id}, expires_at=now + _TOKEN_TTL)

    def check(self, headers: Mapping[str, str], token: str, csrf_id: str, *, now: datetime) -> None:
        """Reject forms of other sites, of other sessions, and expired ones."""
        self.check_origin(headers)
        try:
            claims = self.links.open(_SEAL_KIND, token, at=now)
        except InvalidTokenError as fault:
            raise CsrfTokenError from fault
        if not hmac.compare_digest(claims["m"], csrf_id):
            raise CsrfTokenError

    def check_origin(self, headers: Mapping[str, str]) -> None:
        """Reject cross-site requests, and requests that do not name their origin.

        Pages cannot forge either header, so they protect the forms of visitors without a login, without a cookie.
        Sec-Fetch-Site takes precedence; Origin is the fallback for older browsers.
        """
        site, origin = headers.get("Sec-Fetch-Site"), headers.get("Origin")
        if site not in _ALLOWED_FETCH_SITES if site is not None else origin != _parse_origin(self.public_url):
            raise CsrfOriginError


def _parse_origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
