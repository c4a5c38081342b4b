"""What keeps a foreign page from acting for a visitor: where a form comes from, and a sealed token in each form."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from services.portal.errors import ForeignFormError, StaleFormError
from shared.crypto import LinkRefusedError, Links

_KIND = "portal.form"
_LIFETIME = timedelta(hours=12)
_OURS = frozenset({"same-origin", "none"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Checks each POST before any page sees it."""

    links: Links
    public_url: str

    def token(self, mark: str, *, now: datetime) -> str:
        """Return the token for the forms of the session with *mark*; an empty mark stands for nobody logged in."""
        return self.links.make(_KIND, {"m": mark}, expires_at=now + _LIFETIME)

    def check(self, headers: Mapping[str, str], token: str, mark: str, *, now: datetime) -> None:
        """Refuse a form of another site, of another session, or too old."""
        self.check_origin(headers)
        try:
            claims = self.links.read(_KIND, token, at=now)
        except LinkRefusedError as fault:
            raise StaleFormError from fault
        if not hmac.compare_digest(claims["m"], mark):
            raise StaleFormError

    def check_origin(self, headers: Mapping[str, str]) -> None:
        """Refuse what the browser says comes from elsewhere, and a client that does not say where a form comes from.

        Pages cannot forge either header, so they alone protect the forms of visitors who are not logged in, without a
        cookie. Sec-Fetch-Site decides where it is sent; Origin is for the browsers that are older than it.
        """
        site, origin = headers.get("Sec-Fetch-Site"), headers.get("Origin")
        if site not in _OURS if site is not None else origin != _origin(self.public_url):
            raise ForeignFormError


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
