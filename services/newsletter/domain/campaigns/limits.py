"""How fast a campaign may be sent: limits of the relay and of each domain, and the plan of a new sender."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUpPlan:
    """What a sender without reputation sends a day: a little, then more; providers distrust a sudden flood."""

    started_on: date
    daily_limits: Sequence[int]
    """The limit of each day from the first on; afterwards there is none."""

    def find_limit(self, at: datetime) -> int | None:
        """Return the limit of the UTC day of *at*; None after its last day, 0 before it begins."""
        day = (at.date() - self.started_on).days
        if day < 0:
            return 0
        return self.daily_limits[day] if day < len(self.daily_limits) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingLimits:
    """The limits; 0 means none."""

    per_second: int = 0
    """To the relay, by all workers together."""
    per_domain_minute: int = 0
    """To one domain of recipients."""
    warm_up: WarmUpPlan | None = None

    @property
    def is_set(self) -> bool:
        """Whether there is any limit."""
        return bool(self.per_second or self.per_domain_minute or self.warm_up)


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetWindow:
    """A period in which a number of emails may be sent."""

    key: str
    ends_at: datetime
    limit: int


def relay_window(limits: SendingLimits, at: datetime) -> BudgetWindow | None:
    """Return the current second of the relay; None without a limit."""
    if not limits.per_second:
        return None
    start = at.replace(microsecond=0)
    return BudgetWindow(
        key=f"relay.{int(start.timestamp())}", ends_at=start + timedelta(seconds=1), limit=limits.per_second
    )


def domain_window(limits: SendingLimits, domain_index: str, at: datetime) -> BudgetWindow | None:
    """Return the current minute of a domain, named by its keyed hash; None without a limit."""
    if not limits.per_domain_minute:
        return None
    start = at.replace(second=0, microsecond=0)
    return BudgetWindow(
        key=f"domain.{domain_index}.{int(start.timestamp())}",
        ends_at=start + timedelta(minutes=1),
        limit=limits.per_domain_minute,
    )


def warm_up_window(limits: SendingLimits, at: datetime) -> BudgetWindow | None:
    """Return the current UTC day of the warm-up; None when there is no plan or it has ended."""
    limit = limits.warm_up.find_limit(at) if limits.warm_up else None
    if limit is None:
        return None
    start = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return BudgetWindow(key=f"warm_up.{start:%Y-%m-%d}", ends_at=start + timedelta(days=1), limit=limit)
