"""Exponential back-off with jitter: how long to wait before an operation that failed is retried."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from shared.ids import jitter

_MAX_EXPONENT = 60  # every later delay is the maximum; without the limit the float would overflow


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays that grow by *factor* with each failure in a row, from *minimum* to *maximum* seconds.

    Jitter shortens a delay by up to half, so that many clients of a failed service do not retry at once.
    """

    minimum: float
    maximum: float
    factor: float = 2.0

    @classmethod
    def from_durations(cls, minimum: timedelta, maximum: timedelta) -> Self:
        """Return the back-off between two durations."""
        return cls(minimum.total_seconds(), maximum.total_seconds())

    def delay_seconds(self, failures: int) -> float:
        """Return the seconds to wait after *failures* failures in a row, at least 1."""
        exponent = min(max(failures, 1) - 1, _MAX_EXPONENT)
        return jitter(min(self.maximum, self.minimum * self.factor**exponent))

    def delay_for(self, failures: int) -> timedelta:
        """Return ``delay_seconds`` as a timedelta."""
        return timedelta(seconds=self.delay_seconds(failures))
