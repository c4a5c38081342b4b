"""Data keys that were used recently: bounded in number and in time, so that a destroyed key dies in every process."""

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
        """*timer* gives the seconds that *lifetime* is counted in."""
        self._keys: TTLCache[str, bytes] = TTLCache(size, lifetime.total_seconds(), timer=timer)
        self.generation = 0
        """Counts the invalidations: a key that was read before one must not be cached after it."""

    def get(self, subject: str) -> bytes | None:
        """Return the key of *subject*; None when it is not cached or has expired."""
        return self._keys.get(subject)

    def put(self, subject: str, key: bytes, generation: int) -> None:
        """Cache *key*, unless something was invalidated since *generation*."""
        if generation == self.generation:
            self._keys[subject] = key

    def invalidate(self, subject: str) -> None:
        """Drop the key of *subject*."""
        self.generation += 1
        self._keys.pop(subject, None)
