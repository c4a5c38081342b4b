"""The company's own apps: public clients (RFC 6749, 2.1), which authenticate their codes by PKCE."""

import base64
import hashlib
import hmac
import re
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
_LOOPBACK_URI = re.compile(r"http://(?P<host>127\.0\.0\.1|\[::1\])(?::(?P<port>[0-9]{1,5}))?(?P<rest>(?:[/?].*)?)")
_PORTS = range(1, 65_536)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicClient:
    """A registered app."""

    id: str
    name: str
    redirect_uris: tuple[str, ...]

    def allows_redirect(self, uri: str) -> bool:
        """Return whether codes may be sent to *uri*: it is registered, letter by letter.

        Only the port of a loopback address is free, since a native app listens on the one that the system gives it
        (RFC 8252, section 7.3).
        """
        return uri in self.redirect_uris or _without_port(uri) in map(_without_port, self.redirect_uris)

    def has_origin(self, origin: str) -> bool:
        """Return whether one of the redirect URIs is of this origin; the port of a loopback address is free."""
        return _without_port(origin) in {_without_port(_origin_of(uri)) for uri in self.redirect_uris}


def _origin_of(uri: str) -> str:
    """Return the origin of *uri* as browsers send it, without the default port."""
    parts = urlsplit(uri)
    default = {"https": ":443", "http": ":80"}.get(parts.scheme, "")
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(default)}"


def _without_port(uri: str) -> str:
    """Return a loopback *uri* without its port; any other as it is."""
    found = _LOOPBACK_URI.fullmatch(uri)
    if found is None or int(found["port"] or 1) not in _PORTS:
        return uri
    return f"http://{found['host']}{found['rest']}"


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
