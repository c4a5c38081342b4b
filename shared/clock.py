"""The only access to the system clock."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the current time: aware, UTC, whole milliseconds (the precision of BSON, so it survives a round trip)."""

Rfc3339 = str
"""A time as the text that ``rfc3339`` makes."""


def utc_now() -> datetime:
    """Return the system time, truncated to milliseconds."""
    return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)


def monotonic() -> float:
    """Return the seconds of a clock that never goes backwards; only differences are meaningful."""
    return time.monotonic()


def rfc3339(at: datetime) -> str:
    """Return *at* as an RFC 3339 timestamp in UTC with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
