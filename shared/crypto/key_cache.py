"""Data keys that were used a moment ago: bounded in number, and in time, so that a forgotten one dies everywhere."""

from collections import OrderedDict
from datetime import timedelta

from shared.clock import monotonic

KEY_CACHE_TTL = timedelta(seconds=30)
"""How long another process may still open what one process has forgotten."""
_MAX_KEYS = 10_000


class KeyCache:
    """Keys by subject; the least recently read go first."""

    def __init__(self, lifetime: timedelta = KEY_CACHE_TTL, size: int = _MAX_KEYS) -> None:
        self._lifetime = lifetime.total_seconds()
        self._size = size
        self._entries: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self.generation = 0
        """Counts the drops: whoever began to read before one must not put its key back after it."""

    def get(self, subject: str) -> bytes | None:
        """Return the key of *subject* if it is fresh."""
        key, dies_at = self._entries.get(subject, (None, 0.0))
        if key is None or monotonic() >= dies_at:
            self._entries.pop(subject, None)
            return None
        self._entries.move_to_end(subject)
        return key

    def put(self, subject: str, key: bytes, generation: int) -> None:
        """Keep *key*, unless something was dropped since *generation*."""
        if generation != self.generation:
            return
        self._entries[subject] = (key, monotonic() + self._lifetime)
        self._entries.move_to_end(subject)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def invalidate(self, subject: str) -> None:
        """Forget the key of *subject*."""
        self.generation += 1
        self._entries.pop(subject, None)
