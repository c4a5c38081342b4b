"""Bytes as text: base64url without padding, in its only spelling."""

import base64
import binascii


def encode_bytes(value: bytes) -> str:
    """Return *value* as base64url without padding."""
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def decode_bytes(text: str) -> bytes:
    """Return the bytes of base64url without padding; ValueError for another spelling of them."""
    try:
        value = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise ValueError("is not base64url") from None
    if encode_bytes(value) != text:  # the last character has unused bits: one number would have several spellings
        raise ValueError("is not base64url in its only spelling")
    return value
