"""Signs events as the processor does."""

import hashlib
import hmac
from datetime import datetime

from shared.settings import Secret


def sign_event(body: bytes, secret: Secret, *, at: datetime) -> str:
    """Return the header of a signed event (Stripe-Signature, version 1)."""
    timestamp = int(at.timestamp())
    digest = hmac.new(secret.get_secret_value().encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"t={timestamp},v1={digest.hexdigest()}"
