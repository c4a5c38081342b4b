"""The company's own apps, which are public clients: they hold no secret and prove by PKCE that a code is theirs."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

CODE_LIFETIME = timedelta(seconds=60)
USED_CODE_RETENTION = timedelta(days=1)
"""How long a second use of a code still ends what the first one gave."""
APP_SCOPE = "account"
"""All that the owner can do in an app; the apps are the company's own, so there is nothing smaller yet."""
APP_SCOPE_DESCRIPTIONS = (
    "to see and change what is in your account, as you can here",
    "your files, newsletters and cards among it",
)
"""The same in plain words, for whoever is asked."""
_LOOPBACK_HOSTS = {"127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicClient:
    """A registered app."""

    id: str
    name: str
    redirect_uris: tuple[str, ...]


def is_valid_redirect_uri(uri: str) -> bool:
    """Tell whether codes may be sent to *uri*: https, this machine, or a scheme of an app (RFC 8252, 7.1)."""
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
    """Return *redirect_uri* with *answer* in its query; what it had there stays."""
    return f"{redirect_uri}{'&' if urlsplit(redirect_uri).query else '?'}{urlencode(params)}"


def verify_pkce(code_verifier: str, code_challenge: str) -> bool:
    """Tell whether *verifier* is what S256 made *challenge* of (RFC 7636, 4.6)."""
    computed = (
        base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode(errors="replace")).digest()).decode().rstrip("=")
    )
    return hmac.compare_digest(computed, code_challenge)
