"""The only place that asks the time."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns now: aware, UTC, whole milliseconds (what BSON keeps, so a value survives a round trip unchanged)."""

Rfc3339 = str
"""A time as the text that ``rfc3339`` makes."""


def utc_now() -> datetime:
    """Return the time of the machine, truncated to milliseconds."""
    return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)


def monotonic() -> float:
    """Return seconds on a clock that never goes back; only differences mean anything."""
    return time.monotonic()


def rfc3339(at: datetime) -> str:
    """Return *at* as an RFC 3339 timestamp in UTC with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
