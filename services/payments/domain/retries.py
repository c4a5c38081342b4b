"""When the processor is asked again about something without an outcome: growing delays, and an end."""

from dataclasses import dataclass
from datetime import datetime, timedelta

_FACTORS = (1, 2, 10, 30)
_LATER_DELAYS = (
    *(timedelta(hours=hours) for hours in (1, 4, 12)),
    *(timedelta(days=1) for _ in range(5)),
)

KEY_LIFETIME = timedelta(hours=23)
"""How long a repeated idempotency key surely has no second effect: the processor remembers it for 24 hours."""


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """Delays that grow from *first* to a day, for about a week."""

    first: timedelta

    def next_retry(self, tries: int, at: datetime) -> datetime | None:
        """Return when to ask after so many *tries* without an outcome; None when a person must look."""
        delays = (*(self.first * factor for factor in _FACTORS), *_LATER_DELAYS)
        return at + delays[tries - 1] if 0 < tries <= len(delays) else None
