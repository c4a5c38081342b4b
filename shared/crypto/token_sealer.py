"""Opaque tokens for links in emails: only this service can issue and read them, for one purpose and a limited time.

AES-SIV (RFC 5297) hides the claims from logs and proxies, authenticates every bit, and needs no nonce.
"""

import base64
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from shared.crypto.errors import InvalidTokenError
from shared.crypto.keyring import Key, Keyring, KeyUse
from shared.ids import BASE32_ALPHABET, encode_base32

_MAX_TOKEN_LENGTH = 4096
_MAX_SHORT_LENGTH = 64
_MIN_SEALED_BYTES = 16
_SHORT_CONTEXT = b"candor.address.v1"


class TokenSealer:
    """Issues and reads the tokens in links."""

    def __init__(self, keyring: Keyring) -> None:
        """Raise SettingError when the keyring has no link key: at start, not at the first email."""
        self._keyring = keyring
        self._active_key = keyring.get_active(KeyUse.LINK)
        self._cipher = AESSIV(self._active_key.secret)

    def issue(self, kind: str, claims: Mapping[str, str], *, expires_at: datetime) -> str:
        """Return a URL-safe token for *kind* with *claims*, valid until *expires_at*."""
        body = json.dumps([int(expires_at.timestamp()), dict(claims)], separators=(",", ":"), sort_keys=True)
        sealed = self._cipher.encrypt(body.encode(), _associated_data(kind, self._active_key))
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

    def issue_short(self, kind: str, value: bytes) -> str:
        """Return a token for the local part of an email address, which has at most 64 octets; it never expires.

        Letters of one case and digits: relays change the case, and some programs take ``-`` and ``_`` for the end.
        """
        sealed = self._cipher.encrypt(value, [_SHORT_CONTEXT, kind.encode()])
        count = -(-len(sealed) * 8 // 5)
        number = int.from_bytes(sealed) << (count * 5 - len(sealed) * 8)
        return encode_base32(number, count)

    def open_short(self, kind: str, token: str) -> bytes:
        """Return the value of a short *token* in any letter case; InvalidTokenError if it is forged or altered."""
        sealed = _decode_base32(token.lower())
        # There is no room for the id of the key: each of the few link keys is tried.
        for key in self._keyring.list_by_use(KeyUse.LINK):
            with suppress(InvalidTag):
                return AESSIV(key.secret).decrypt(sealed, [_SHORT_CONTEXT, kind.encode()])
        raise InvalidTokenError


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


def _decode_base32(token: str) -> bytes:
    if not token.isascii() or len(token) > _MAX_SHORT_LENGTH or set(token) - set(BASE32_ALPHABET):
        raise InvalidTokenError
    number = 0
    for char in token:
        number = number << 5 | BASE32_ALPHABET.index(char)
    size = len(token) * 5 // 8
    number, unused = divmod(number, 1 << (len(token) * 5 - size * 8))
    # A token that was issued has no unused bits but zeros, and no character too many: accept no second spelling.
    if unused or size < _MIN_SEALED_BYTES or len(token) != -(-size * 8 // 5):
        raise InvalidTokenError
    return number.to_bytes(size)
