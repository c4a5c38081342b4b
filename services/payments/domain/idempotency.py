"""The marks that tie a stored payment to the request that created it."""

from datetime import datetime, timedelta

IDEMPOTENCY_TTL = timedelta(hours=24)
"""How long an Idempotency-Key names the same request (as in shared.web.idempotency)."""


def idempotency_marks(idempotency_key: str, at: datetime) -> tuple[str, str]:
    """Return the unique marks of a payment that *idempotency_key* creates on the day *at* and created the day before.

    A key that is used again after IDEMPOTENCY_TTL names a new request. It gets a new mark instead of replacing the
    old one, because the embedded server does not release a unique value that was updated.
    """
    return f"{idempotency_key} {at:%Y-%m-%d}", f"{idempotency_key} {at - IDEMPOTENCY_TTL:%Y-%m-%d}"
