"""The only place that makes randomness: ids, tokens and their digests."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford base 32: nothing that is read wrongly aloud

NewId = Callable[[str], str]
"""Makes an id from a prefix: ``new_id("acc")`` -> ``acc_3f9k…``."""


def new_id(prefix: str) -> str:
    """Return *prefix* and 128 random bits: unguessable, and says nothing about how many there are."""
    return f"{prefix}_{_random_base32(26)}"


def ulid_factory(clock: Callable[[], datetime]) -> NewId:
    """Return what makes ids that begin with the time in milliseconds, then 80 random bits: a ULID behind a prefix.

    For large collections: what is stored in one moment lies side by side in the index of the ids, so a million rows
    make the next one hardly dearer. They tell whoever sees them when they were made.
    """

    def new_ulid(prefix: str) -> str:
        return f"{prefix}_{_encode_base32(round(clock().timestamp() * 1000), 10)}{_random_base32(16)}"

    return new_ulid


def new_token(bits: int = 256) -> str:
    """Return a URL-safe secret of at least *bits* random bits."""
    return secrets.token_urlsafe((bits + 7) // 8)


def new_grouped_secret() -> str:
    """Return 140 random bits as seven groups of four: what a person types into another program, as ``k3f9-…``.

    It never begins with a dash: ``rclone obscure`` and others would take it for one of their options.
    """
    letters = _random_base32(28)
    return "-".join(letters[at : at + 4] for at in range(0, 28, 4))


def random_bytes(count: int) -> bytes:
    """Return *count* random bytes fit for keys and nonces."""
    return secrets.token_bytes(count)


def jitter(seconds: float) -> float:
    """Return a wait between half of *seconds* and *seconds*, so that many waiters do not return together."""
    return seconds * (0.5 + secrets.randbelow(1000) / 2000)


def _random_base32(count: int) -> str:
    return _encode_base32(secrets.randbits(5 * count), count)


def _encode_base32(number: int, count: int) -> str:
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(5 * count - 5, -1, -5))


def sha256_digest(token: str) -> bytes:
    """Return the SHA-256 of *token*: what is stored in place of a secret of at least 128 random bits."""
    return hashlib.sha256(token.encode()).digest()
