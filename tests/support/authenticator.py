"""A passkey authenticator in software: real keys, attestations ("none") and signatures; and it can be made to lie."""

import base64
import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from shared.ids import random_bytes

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(slots=True, kw_only=True)
class Authenticator:
    """One passkey on one device, as the browser on *origin* uses it."""

    origin: str
    rp_id: str
    counts: bool = True
    """Whether it counts its signatures; synchronised passkeys do not."""
    verifies: bool = True
    """Whether it asks for a PIN, a finger or a face."""
    count: int = 0
    credential_id: bytes = field(default_factory=lambda: random_bytes(32))
    user_handle: bytes = b""
    embedded_in: str = ""
    """The site whose frame asks, if it is not the site itself."""
    _key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))

    def create(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Answer ``navigator.credentials.create``."""
        self.user_handle = decoded(options["user"]["id"])
        public = self._key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: public.x.to_bytes(32, "big"), -3: public.y.to_bytes(32, "big")}
        attested = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + cbor2.dumps(cose)
        statement = {"fmt": "none", "attStmt": {}, "authData": self._data(_ATTESTED) + attested}
        response = {
            "clientDataJSON": encoded(self._client("webauthn.create", options["challenge"])),
            "attestationObject": encoded(cbor2.dumps(statement)),
            "transports": ["internal"],
        }
        return self._credential(response)

    def get(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Answer ``navigator.credentials.get``."""
        self.count += self.counts
        client, data = self._client("webauthn.get", options["challenge"]), self._data()
        signature = self._key.sign(data + hashlib.sha256(client).digest(), ECDSA(SHA256()))
        response = {
            "clientDataJSON": encoded(client),
            "authenticatorData": encoded(data),
            "signature": encoded(signature),
        }
        if self.user_handle:
            response["userHandle"] = encoded(self.user_handle)
        return self._credential(response)

    def _credential(self, response: Mapping[str, Any]) -> dict[str, Any]:
        name = encoded(self.credential_id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}}

    def _client(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": bool(self.embedded_in)}
        if self.embedded_in:
            said["topOrigin"] = self.embedded_in
        return json.dumps(said).encode()

    def _data(self, flags: int = 0) -> bytes:
        flags |= _PRESENT | (_VERIFIED if self.verifies else 0)
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + struct.pack(">I", self.count)
