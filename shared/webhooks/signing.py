"""The signature of Standard Webhooks: HMAC-SHA256 over id, timestamp and body."""

import base64
import hmac
from collections.abc import Sequence
from datetime import datetime

from shared.ids import random_bytes

SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix of every secret, by the specification
_SECRET_BYTES = 32


def new_secret() -> str:
    """Return a secret: ``whsec_`` and 256 random bits in Base64."""
    return SECRET_PREFIX + base64.b64encode(random_bytes(_SECRET_BYTES)).decode()


def build_headers(message_id: str, body: bytes, secrets: Sequence[str], *, at: datetime) -> dict[str, str]:
    """Return the headers of one attempt; each of *secrets* signs, the newest first."""
    timestamp = str(int(at.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{_sign(secret, signed)}" for secret in secrets),
    }


def _sign(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
