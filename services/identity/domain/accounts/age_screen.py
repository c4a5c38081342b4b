"""The age screen (C23): a neutral question for a month of birth. The answer is not stored."""

from dataclasses import dataclass
from datetime import datetime, timedelta

MIN_AGE_MONTHS = 13 * 12
AGE_TOKEN_LIFETIME = timedelta(minutes=30)
DENIAL_COOKIE_TTL = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class BirthMonth:
    """A month of birth."""

    year: int
    month: int

    def is_plausible(self, at: datetime) -> bool:
        """Return whether a living person can have been born then."""
        return at.year - 130 <= self.year and (self.year, self.month) <= (at.year, at.month)

    def is_of_age(self, at: datetime) -> bool:
        """Return whether the person is certainly 13: in the month of the birthday, the day may still be ahead."""
        return (at.year - self.year) * 12 + at.month - self.month > MIN_AGE_MONTHS
