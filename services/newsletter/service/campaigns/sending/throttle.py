"""Keeps the limits of the relay, of each domain and of the warm-up plan; the counts are shared by all workers."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.newsletter.domain.campaigns.limits import (
    BudgetWindow,
    SendingLimits,
    domain_window,
    relay_window,
    warm_up_window,
)
from services.newsletter.store import SendingBudgets
from shared.clock import Clock

_RESERVED_AT_ONCE = 20
"""A worker takes a part of a budget, not one email at a time; what it does not use is lost for the window."""


@dataclass(slots=True, kw_only=True)
class SendingThrottle:
    """Says for each email whether it may go now."""

    budgets: SendingBudgets
    limits: SendingLimits
    index_domain: Callable[[str], str]
    """The keyed hash of a domain: a small one would name its owner."""
    clock: Clock
    _reserved: dict[str, tuple[datetime, int]] = field(default_factory=dict)
    """The end of each window, and what is left of our part of it."""
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def find_delay(self, domain: str) -> datetime | None:
        """Reserve one email to *domain*; return None, or until when it must wait."""
        if not self.limits.is_set:
            return None
        for window in (
            domain_window(self.limits, self.index_domain(domain), self.clock())
            if self.limits.per_domain_minute
            else None,
            warm_up_window(self.limits, self.clock()),
        ):
            if window is not None and not await self._take(window):
                return window.ends_at
        await self._wait_for_relay()
        return None

    async def _wait_for_relay(self) -> None:
        """Wait for a second in which the relay takes one more."""
        window = relay_window(self.limits, self.clock())
        if window is not None and not await self._take(window):
            await asyncio.sleep(max((window.ends_at - self.clock()) / timedelta(seconds=1), 0.001))
            await self._wait_for_relay()

    async def _take(self, window: BudgetWindow) -> bool:
        async with self._lock:
            left = self._reserved[window.key][1] if window.key in self._reserved else 0
            if not left:
                share = max(1, min(_RESERVED_AT_ONCE, window.limit // 10))
                left = await self.budgets.reserve_emails(window, wanted=share)
                self._forget_past_windows()
            self._reserved[window.key] = (window.ends_at, max(left - 1, 0))
            return left > 0

    def _forget_past_windows(self) -> None:
        now = self.clock()
        self._reserved = {key: kept for key, kept in self._reserved.items() if kept[0] > now}
