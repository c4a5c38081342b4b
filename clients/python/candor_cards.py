"""Encrypts a card for the payments API of Candor, and stores it. Needs the package ``cryptography`` only.

    client = CardClient("https://candor.example", access_token)
    card = client.store_card(number="4242 4242 4242 4242", exp_month=12, exp_year=2029, security_code="737")

What it does is described in docs/how-to/encrypt-a-card.md: a compact JWE (RFC 7516) with ECDH-ES on X25519 or P-256
(RFC 7518 section 4.6, RFC 8037) and A256GCM. A program that handles card numbers is in the scope of PCI DSS.
"""

import base64
import json
import os
import urllib.request
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_CURVES = ("X25519", "P-256")
_NONCE_BYTES, _TAG_BYTES, _KEY_BYTES, _COORDINATE_BYTES = 12, 16, 32, 32
_TIMEOUT_SECONDS = 30

JsonObject = dict[str, Any]


class UnsupportedKeysError(Exception):
    """None of the published keys is on a curve that this client knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardClient:
    """Stores cards of one account; *access_token* is a customer's, or a program's that acts for one."""

    base_url: str
    access_token: str

    def store_card(self, *, number: str, exp_month: int, exp_year: int, security_code: str) -> JsonObject:
        """Return the stored card: its id, last four digits, expiry date and network.

        Raises urllib.error.HTTPError, whose body is a problem document (RFC 9457).
        """
        encryption = self._call("GET", "/v1/payments/encryption-keys")
        jwe = encrypt_card(
            encryption, number=number, exp_month=exp_month, exp_year=exp_year, security_code=security_code
        )
        return self._call("POST", "/v1/payments/cards", {"jwe": jwe})

    def _call(self, method: str, path: str, body: JsonObject | None = None) -> JsonObject:
        request = urllib.request.Request(  # noqa: S310 - the caller chooses the platform's URL
            self.base_url.rstrip("/") + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.access_token}",
                "Content-Type": "application/json",
                "Idempotency-Key": str(uuid.uuid4()),
            },
        )
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - as above
            found: JsonObject = json.load(answer)
        return found


def encrypt_card(
    encryption: Mapping[str, Any], *, number: str, exp_month: int, exp_year: int, security_code: str
) -> str:
    """Return the card as a compact JWE for *encryption*, the answer of ``GET /v1/payments/encryption-keys``."""
    members = {
        "number": number.replace(" ", "").replace("-", ""),
        "exp_month": exp_month,
        "exp_year": exp_year,
        "security_code": security_code,
        "stamp": encryption["stamp"],
    }
    return encrypt_text(choose_key(encryption["keys"]), json.dumps(members).encode())


def choose_key(keys: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the first key (JWK) on a curve that this client knows."""
    for curve in _CURVES:
        for key in keys:
            if key["crv"] == curve:
                return key
    raise UnsupportedKeysError


def encrypt_text(key: Mapping[str, Any], plaintext: bytes) -> str:
    """Return *plaintext* as a compact JWE for the public *key* (JWK)."""
    shared, ephemeral = _agree_x25519(key) if key["crv"] == "X25519" else _agree_p256(key)
    header = {"alg": "ECDH-ES", "enc": "A256GCM", "kid": key["kid"], "epk": ephemeral}
    protected = _encode(json.dumps(header, separators=(",", ":")).encode())
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(_derive_content_key(shared)).encrypt(nonce, plaintext, protected.encode())
    content, tag = sealed[:-_TAG_BYTES], sealed[-_TAG_BYTES:]
    return ".".join([protected, "", _encode(nonce), _encode(content), _encode(tag)])


def _agree_x25519(key: Mapping[str, Any]) -> tuple[bytes, JsonObject]:
    ours = X25519PrivateKey.generate()
    shared = ours.exchange(X25519PublicKey.from_public_bytes(_decode(key["x"])))
    public = ours.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return shared, {"kty": "OKP", "crv": "X25519", "x": _encode(public)}


def _agree_p256(key: Mapping[str, Any]) -> tuple[bytes, JsonObject]:
    x, y = (int.from_bytes(_decode(key[name]), "big") for name in ("x", "y"))
    theirs = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    ours = ec.generate_private_key(ec.SECP256R1())
    public = ours.public_key().public_numbers()
    point = {name: _encode(getattr(public, name).to_bytes(_COORDINATE_BYTES, "big")) for name in ("x", "y")}
    return ours.exchange(ec.ECDH(), theirs), {"kty": "EC", "crv": "P-256", **point}


def _derive_content_key(shared: bytes) -> bytes:
    """The Concat KDF (RFC 7518, 4.6.2): algorithm, no party on either side, length of the key in bits."""
    algorithm = b"A256GCM"
    info = len(algorithm).to_bytes(4, "big") + algorithm + bytes(4) + bytes(4) + (8 * _KEY_BYTES).to_bytes(4, "big")
    return ConcatKDFHash(SHA256(), _KEY_BYTES, info).derive(shared)


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
