"""Authenticated encryption bound to a context (AES-256-GCM): a value decrypts only with its key and its context."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.crypto.errors import DecryptionError
from shared.ids import random_bytes

_VERSION = b"\x01"
_NONCE_BYTES = 12


def seal(key: bytes, associated_data: tuple[str, ...], plaintext: bytes) -> bytes:
    """Return ``version | nonce | ciphertext and tag``; *associated_data* is authenticated, not included."""
    nonce = random_bytes(_NONCE_BYTES)
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, plaintext, _encode_associated_data(associated_data))


def unseal(key: bytes, associated_data: tuple[str, ...], sealed: bytes) -> bytes:
    """Return the plaintext; DecryptionError when the key, the associated data or any bit differs."""
    version, nonce, rest = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    if version != _VERSION:
        raise DecryptionError
    try:
        return AESGCM(key).decrypt(nonce, rest, _encode_associated_data(associated_data))
    except (InvalidTag, ValueError) as fault:
        raise DecryptionError from fault


def _encode_associated_data(associated_data: tuple[str, ...]) -> bytes:
    # Length-prefixed parts, so that no two contexts have the same encoding.
    parts = (part.encode() for part in associated_data)
    return _VERSION + b"".join(len(part).to_bytes(4, "big") + part for part in parts)
