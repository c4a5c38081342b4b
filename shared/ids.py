"""The only source of randomness: ids, tokens and their digests."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime

BASE32_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford base 32 in lower case: no letters that look alike."""

_PAIRS = tuple(first + second for first in BASE32_ALPHABET for second in BASE32_ALPHABET)

NewId = Callable[[str], str]
"""Generates an id from a prefix: ``new_id("acc")`` -> ``acc_3f9k…``."""


def new_id(prefix: str) -> str:
    """Return *prefix* and 128 random bits: the id cannot be guessed and does not reveal a count."""
    return f"{prefix}_{_random_base32(26)}"


def ulid_factory(clock: Callable[[], datetime]) -> NewId:
    """Return a generator of prefixed ULIDs: the time in milliseconds, then 80 random bits.

    For large collections: consecutive ids are adjacent in the index, so inserts stay fast with a million rows.
    These ids reveal when they were created.
    """

    def new_ulid(prefix: str) -> str:
        return f"{prefix}_{encode_base32(round(clock().timestamp() * 1000), 10)}{_random_base32(16)}"

    return new_ulid


def new_token(bits: int = 256) -> str:
    """Return a URL-safe secret of at least *bits* random bits."""
    return secrets.token_urlsafe((bits + 7) // 8)


def new_grouped_secret() -> str:
    """Return 140 random bits as seven groups of four, ``k3f9-…``, for a person to type into another program.

    It never starts with a dash, which ``rclone obscure`` and others would parse as an option.
    """
    characters = _random_base32(28)
    return "-".join(characters[at : at + 4] for at in range(0, 28, 4))


def random_bytes(count: int) -> bytes:
    """Return *count* cryptographically secure random bytes."""
    return secrets.token_bytes(count)


def jitter(seconds: float) -> float:
    """Return a delay between half of *seconds* and *seconds*, so that many clients do not retry at once."""
    return seconds * (0.5 + secrets.randbelow(1000) / 2000)


def encode_base32(number: int, count: int) -> str:
    """Return *number* as *count* characters of base 32."""
    if count % 2:
        return BASE32_ALPHABET[number >> 5 * count - 5 & 31] + encode_base32(number, count - 1)
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(5 * count - 10, -1, -10)])


def _random_base32(count: int) -> str:
    return encode_base32(secrets.randbits(5 * count), count)


def sha256_digest(token: str) -> bytes:
    """Return the SHA-256 of *token*, which is stored in place of a secret of at least 128 random bits."""
    return hashlib.sha256(token.encode()).digest()
