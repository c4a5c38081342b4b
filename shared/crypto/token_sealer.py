"""Opaque tokens for links in emails: only this service can issue and read them, for one purpose and a limited time.

AES-SIV (RFC 5297) hides the claims from logs and proxies, authenticates every bit, and needs no nonce.
"""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from shared.crypto.errors import InvalidTokenError
from shared.crypto.keyring import Key, Keyring, KeyUse

_MAX_TOKEN_LENGTH = 4096


class TokenSealer:
    """Issues and reads the tokens in links."""

    def __init__(self, keyring: Keyring) -> None:
        """Raise SettingError when the keyring has no link key: at start, not at the first email."""
        self._keyring = keyring
        self._active_key = keyring.get_active(KeyUse.LINK)

    def issue(self, kind: str, claims: Mapping[str, str], *, expires_at: datetime) -> str:
        """Return a URL-safe token for *kind* with *claims*, valid until *expires_at*."""
        body = json.dumps([int(expires_at.timestamp()), dict(claims)], separators=(",", ":"), sort_keys=True)
        sealed = AESSIV(self._active_key.secret).encrypt(body.encode(), _associated_data(kind, self._active_key))
        return f"{self._active_key.id}.{_encode(sealed)}"

    def open(self, kind: str, token: str, *, at: datetime) -> dict[str, str]:
        """Return the claims of *token*; the same InvalidTokenError if it is forged, expired or of another kind."""
        key_id, _, text = token.partition(".")
        key = self._keyring.get(KeyUse.LINK, key_id)
        if key is None or len(token) > _MAX_TOKEN_LENGTH:
            raise InvalidTokenError
        expires, claims = json.loads(_decrypt(kind, key, text))
        if at >= datetime.fromtimestamp(expires, UTC):
            raise InvalidTokenError
        return dict(claims)


def _decrypt(kind: str, key: Key, text: str) -> bytes:
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        # The decoder skips foreign characters and unused bits: accept only the canonical encoding of a token.
        if _encode(sealed) != text:
            raise InvalidTokenError
        return AESSIV(key.secret).decrypt(sealed, _associated_data(kind, key))
    except (ValueError, InvalidTag) as fault:
        raise InvalidTokenError from fault


def _associated_data(kind: str, key: Key) -> list[bytes]:
    return [b"candor.link.v1", kind.encode(), key.id.encode()]


def _encode(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")
