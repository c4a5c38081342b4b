"""Time and ids that a test decides."""

from collections import Counter
from datetime import UTC, datetime, timedelta

NOON = datetime(2027, 1, 4, 12, tzinfo=UTC)
"""A Monday at noon."""


class FixedClock:
    """A ``shared.clock.Clock`` that stands still until it is told to go on."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> datetime:
        """Go on *by* so much; return the new time."""
        self.now += by
        return self.now


class SequentialIds:
    """A ``shared.ids.NewId`` that counts: ``acc_1``, ``acc_2``, ``tok_1``."""

    def __init__(self) -> None:
        self._last: Counter[str] = Counter()

    def __call__(self, prefix: str) -> str:
        self._last[prefix] += 1
        return f"{prefix}_{self._last[prefix]}"
