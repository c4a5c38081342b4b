"""A cache of recently used data keys, with a short lifetime: a destroyed key expires soon in every process."""

from collections.abc import Callable
from datetime import timedelta

from cachetools import TTLCache

from shared.clock import monotonic

KEY_CACHE_TTL = timedelta(seconds=30)
"""How long another process may still decrypt after one process has destroyed a key."""
_MAX_KEYS = 10_000


class KeyCache:
    """Keys by subject; the least recently used are evicted first."""

    def __init__(
        self, lifetime: timedelta = KEY_CACHE_TTL, size: int = _MAX_KEYS, *, timer: Callable[[], float] = monotonic
    ) -> None:
        """*timer* returns seconds of a monotonic clock."""
        self._keys: TTLCache[str, bytes] = TTLCache(size, lifetime.total_seconds(), timer=timer)
        self.generation = 0
        """The number of invalidations: a key that was read before one must not be cached after it."""

    def get(self, subject: str) -> bytes | None:
        """Return the key of *subject*; None when it is not cached or has expired."""
        try:
            return self._keys[subject]  # .get() looks the key up three times, which is half the cost of sealing a value
        except KeyError:
            return None

    def put(self, subject: str, key: bytes, generation: int) -> None:
        """Cache *key*, unless something was invalidated since *generation*."""
        if generation == self.generation:
            self._keys[subject] = key

    def invalidate(self, subject: str) -> None:
        """Remove the key of *subject* from the cache."""
        self.generation += 1
        self._keys.pop(subject, None)
