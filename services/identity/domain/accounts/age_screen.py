"""The age screen (C23): a neutral question, answered by month and year; nothing of the answer is kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta

MIN_AGE_MONTHS = 13 * 12
AGE_TOKEN_LIFETIME = timedelta(minutes=30)
DENIAL_COOKIE_TTL = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class BirthMonth:
    """The month somebody was born in; the day is not asked for."""

    year: int
    month: int

    def is_plausible(self, at: datetime) -> bool:
        """Tell whether a living person can have been born then."""
        return at.year - 130 <= self.year and (self.year, self.month) <= (at.year, at.month)

    def is_of_age(self, at: datetime) -> bool:
        """Tell whether the person is 13 for certain: in the month of the birthday the day may still be ahead."""
        return (at.year - self.year) * 12 + at.month - self.month > MIN_AGE_MONTHS
