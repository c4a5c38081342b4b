"""Base64url without padding (RFC 4648, 5)."""

import base64


def encode(raw: bytes) -> str:
    """Return *raw* as text."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(text: str) -> bytes:
    """Return the bytes of *text*. Raises ValueError when it is none of ours."""
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode(raw) != text:
        raise ValueError("not base64url")
    return raw
