"""Decrypts the cards that a customer's browser encrypted: JWE with one algorithm and no compression (RFC 7516)."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from services.payments.errors import CardDecryptionError
from shared.crypto import Key, Keyring, KeyUse

KEY_AGREEMENT, ENCRYPTION = "ECDH-ES", "A256GCM"
MAX_JWE_LENGTH = 4096
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (FIPS 186-5)


@dataclass(frozen=True, slots=True)
class DecryptedCard:
    """The decrypted fields of a card, and the SHA-256 digest (hexadecimal) of its ciphertext."""

    fields: Mapping[str, Any]
    digest: str

    def __repr__(self) -> str:
        return "DecryptedCard(***)"


class CardDecrypter:
    """Holds the private keys: the newest is published, older ones decrypt what was encrypted before a rotation."""

    def __init__(self, keyring: Keyring) -> None:
        self._keys = {key.id: _derive_private_key(key) for key in keyring.list_by_use(KeyUse.CARD)}
        self._active = keyring.get_active(KeyUse.CARD).id

    def public_jwk(self) -> dict[str, str]:
        """Return the public key to encrypt with, as a JWK (RFC 7517)."""
        public = self._keys[self._active].as_dict(private=False)
        return {name: str(public[name]) for name in ("kty", "crv", "x", "y")} | {
            "kid": self._active,
            "use": "enc",
            "alg": KEY_AGREEMENT,
        }

    def decrypt(self, compact_jwe: str) -> DecryptedCard:
        """Return the card of a compact JWE; raises CardDecryptionError without anything of its content."""
        if len(compact_jwe) > MAX_JWE_LENGTH:
            raise CardDecryptionError
        try:
            fields = json.loads(self._decrypt_payload(compact_jwe))
        except (JoseError, ValueError, KeyError, TypeError, RecursionError):
            raise CardDecryptionError from None  # the cause may contain what was typed
        if not isinstance(fields, dict):
            raise CardDecryptionError
        return DecryptedCard(fields=fields, digest=hashlib.sha256(compact_jwe.encode()).hexdigest())

    def _decrypt_payload(self, compact_jwe: str) -> bytes:
        header = _parse_header(compact_jwe)
        if set(header) - {"alg", "enc", "kid", "epk"}:
            raise ValueError("header")  # zip allows a decompression bomb; crit extensions are not supported
        if (header["alg"], header["enc"]) != (KEY_AGREEMENT, ENCRYPTION):
            raise ValueError("algorithm")
        opened = jwe.decrypt_compact(compact_jwe, self._keys[header["kid"]], algorithms=[KEY_AGREEMENT, ENCRYPTION])
        return opened.plaintext or b""


def _parse_header(compact_jwe: str) -> dict[str, Any]:
    """Return the protected header, to check it before anything is decrypted or decompressed."""
    first = compact_jwe.partition(".")[0]
    header = json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    if not isinstance(header, dict):
        raise TypeError("header")
    return header


def _derive_private_key(key: Key) -> ECKey:
    """Derive a P-256 key from a secret of the keyring: 512 bits before the modulo leave no measurable bias."""
    wide = HKDF(algorithm=SHA256(), length=64, salt=None, info=b"candor card key").derive(key.secret)
    scalar = int.from_bytes(wide, "big") % (_P256_ORDER - 1) + 1
    return ECKey.import_key(_encode_pem(ec.derive_private_key(scalar, ec.SECP256R1())))


def _encode_pem(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
