"""The keys that cards are encrypted for: of each secret in the keyring one on P-256 and one on X25519."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc.jwk import ECKey, OKPKey

from shared.crypto import Key, Keyring, KeyUse

KEY_AGREEMENT = "ECDH-ES"
ANNOUNCEMENT = timedelta(minutes=15)
"""How long a new secret is in the keyring before its keys are published: until every replica was restarted with it."""
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (FIPS 186-5)

CardKey = ECKey | OKPKey


class CardKeys:
    """The private keys by their ids; older ones open what was encrypted before a rotation."""

    def __init__(self, keys: Mapping[str, CardKey], *, secrets: Sequence[Key]) -> None:
        """*secrets* are what the keys were derived from, oldest first: they say which are published."""
        self._keys = keys
        self._secrets = secrets

    @classmethod
    def from_keyring(cls, keyring: Keyring) -> Self:
        """Derive the keys of every card secret; SettingError when the keyring has no active one."""
        keyring.get_active(KeyUse.CARD)
        secrets = keyring.list_by_use(KeyUse.CARD)
        keys: dict[str, CardKey] = {}
        for key in secrets:
            keys[_x25519_id(key)] = _derive_x25519(key)
            keys[_p256_id(key)] = _derive_p256(key)
        return cls(keys, secrets=secrets)

    def find_key(self, key_id: object) -> CardKey | None:
        """Return the private key of this id; None when there is none."""
        return self._keys.get(key_id) if isinstance(key_id, str) else None

    def list_public_jwks(self, *, at: datetime) -> list[dict[str, str]]:
        """Return the public keys to encrypt with, as JWKs (RFC 7517, RFC 8037).

        Those of the newest secret that every replica has by then; of the oldest when all are newer.
        """
        active = [key for key in self._secrets if not key.retired]
        known = [key for key in active if key.created_at + ANNOUNCEMENT <= at]
        newest = known[-1] if known else active[0]
        return [self._public_jwk(_x25519_id(newest)), self._public_jwk(_p256_id(newest))]

    def _public_jwk(self, key_id: str) -> dict[str, str]:
        public = self._keys[key_id].as_dict(private=False)
        members = {name: str(public[name]) for name in ("kty", "crv", "x", "y") if name in public}
        return members | {"kid": key_id, "use": "enc", "alg": KEY_AGREEMENT}


def _x25519_id(key: Key) -> str:
    return f"{key.id}.x25519"


def _p256_id(key: Key) -> str:
    return f"{key.id}.p256"


def _derive_p256(key: Key) -> ECKey:
    """512 bits before the modulo leave no measurable bias."""
    scalar = int.from_bytes(_derive_bytes(key, b"candor card key", 64), "big") % (_P256_ORDER - 1) + 1
    return ECKey.import_key(_encode_pem(ec.derive_private_key(scalar, ec.SECP256R1())))


def _derive_x25519(key: Key) -> OKPKey:
    """Any 32 bytes are a private key (RFC 7748, section 5)."""
    return OKPKey.import_key(
        _encode_pem(X25519PrivateKey.from_private_bytes(_derive_bytes(key, b"candor card key x25519", 32)))
    )


def _derive_bytes(key: Key, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(key.secret)


def _encode_pem(private: ec.EllipticCurvePrivateKey | X25519PrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
