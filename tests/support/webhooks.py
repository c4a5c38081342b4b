"""Builds and signs events as the processor does."""

import hashlib
import hmac
import json
from datetime import datetime

from shared.ids import new_id
from shared.settings import Secret


def build_event(kind: str, object_id: str, *, event_id: str = "", **more: object) -> bytes:
    """Return the body of an event; *more* is what it claims about the object."""
    return json.dumps(
        {"id": event_id or new_id("evt"), "type": kind, "data": {"object": {"id": object_id, **more}}}
    ).encode()


def sign_event(body: bytes, secret: Secret, *, at: datetime) -> str:
    """Return the header of a signed event (Stripe-Signature, version 1)."""
    timestamp = int(at.timestamp())
    digest = hmac.new(secret.get_secret_value().encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"t={timestamp},v1={digest.hexdigest()}"
