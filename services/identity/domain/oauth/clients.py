"""The company's own apps: public clients (RFC 6749, 2.1), which authenticate their codes by PKCE."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

CODE_LIFETIME = timedelta(seconds=60)
USED_CODE_RETENTION = timedelta(days=1)
"""How long reuse of a code still revokes the session it created."""
APP_SCOPE = "account"
"""Everything the owner can do in an app. The apps are the company's own, so no smaller scope exists yet."""
APP_SCOPE_DESCRIPTIONS = (
    "view and change everything in your account",
    "including your files, newsletters and cards",
)
"""The scope in plain language, for the consent page."""
_LOOPBACK_HOSTS = {"127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicClient:
    """A registered app."""

    id: str
    name: str
    redirect_uris: tuple[str, ...]


def scopes_of_client(client_id: str | None) -> frozenset[str]:
    """Return the scopes of the tokens of a session: what its app was granted; none for a login without OAuth."""
    return frozenset({APP_SCOPE}) if client_id else frozenset()


def is_valid_redirect_uri(uri: str) -> bool:
    """Return whether *uri* may receive codes: https, loopback, or the scheme of an app (RFC 8252, 7.1)."""
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError:
        return False
    if "#" in uri or not uri.isascii() or not uri.isprintable() or " " in uri or parts.username is not None:
        return False
    match parts.scheme:
        case "https":
            return bool(host)
        case "http":
            return host in _LOOPBACK_HOSTS
        case scheme:
            return "." in scheme and not parts.netloc


def redirect_with(redirect_uri: str, params: Mapping[str, str]) -> str:
    """Return *redirect_uri* with *params* added to its query."""
    return f"{redirect_uri}{'&' if urlsplit(redirect_uri).query else '?'}{urlencode(params)}"


def verify_pkce(code_verifier: str, code_challenge: str) -> bool:
    """Return whether *challenge* is the S256 of *verifier* (RFC 7636, 4.6)."""
    computed = (
        base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode(errors="replace")).digest()).decode().rstrip("=")
    )
    return hmac.compare_digest(computed, code_challenge)
