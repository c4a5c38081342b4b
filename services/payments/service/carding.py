"""Stops carding: after too many declines the processor is not asked for a while, by whichever process."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import ClassVar

from services.payments.domain.carding import CardAttempt, CardingScope, DeclineBudget
from services.payments.domain.declines import DeclineReason
from services.payments.errors import CardAttemptsExceededError
from services.payments.store import DeclineTallies
from shared import observe
from shared.mongo import Transact

log = observe.get_logger(__name__)

BUDGETS = {
    CardingScope.ACCOUNT: DeclineBudget(free=5),
    CardingScope.ADDRESS: DeclineBudget(free=15),
    CardingScope.RANGE: DeclineBudget(free=40, first_wait=timedelta(seconds=30), longest_wait=timedelta(hours=1)),
}
"""A customer mistypes a few times; an office shares an address; honest customers share an issuer."""
REFRESH_AFTER = timedelta(seconds=1)
"""How old the waits may be that an attempt is checked against: a query for each would cost each customer a query."""
MAX_WAITS = 10_000
"""How many waits a process holds; with more of them each attempt is looked up."""

_declines = observe.counter(
    "candor_payments_declines_total",
    "Declines by reason, as the processor names it, when a card is stored or charged.",
    ("reason",),
)
for _reason in DeclineReason:
    _declines.labels(_reason.value)


def count_decline(reason: DeclineReason) -> None:
    """Count a decline by its reason, whichever way it was learned."""
    _declines.labels(reason.value).inc()


def _with_scopes(counter: observe.Counter) -> observe.Counter:
    for scope in CardingScope:
        counter.labels(scope.value)
    return counter


@dataclass(slots=True)
class _Waits:
    """The waits of all processes as this one knows them, by the id of the tally."""

    ends: dict[str, datetime] = field(default_factory=dict)
    read_at: datetime | None = None
    is_complete: bool = True

    def is_fresh(self, at: datetime) -> bool:
        return self.read_at is not None and abs(at - self.read_at) < REFRESH_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class CardingGuard:
    """Checks each attempt before the processor is asked, and counts each decline: when storing and when charging.

    The tallies are in the database: they hold for all processes, and after a restart.
    """

    refused: ClassVar[observe.Counter] = _with_scopes(
        observe.counter(
            "candor_payments_carding_refusals_total",
            "Attempts refused because of earlier declines, by what was counted.",
            ("scope",),
        )
    )
    exceeded: ClassVar[observe.Counter] = _with_scopes(
        observe.counter(
            "candor_payments_carding_exceeded_total", "Declines over the budget, by what was counted.", ("scope",)
        )
    )
    tallies: DeclineTallies
    transact: Transact
    _waits: _Waits = field(default_factory=_Waits, init=False)

    async def check(self, attempt: CardAttempt, *, at: datetime) -> None:
        """Raise CardAttemptsExceededError while the account, the address block or the card range must wait."""
        if not self._waits.is_fresh(at):
            await self._read_waits(at)
        keys = {self.tallies.digest_key(scope, value): scope for scope, value in attempt.iter_keys()}
        ends = self._waits.ends if self._waits.is_complete else await self.tallies.find_waits(list(keys))
        waits = [(ends[key] - at, scope) for key, scope in keys.items() if key in ends and ends[key] > at]
        if waits:
            remaining, scope = max(waits, key=lambda wait: wait[0])
            self.refused.labels(scope.value).inc()
            raise CardAttemptsExceededError(retry_after=ceil(remaining.total_seconds()))

    async def record_decline(self, attempt: CardAttempt, *, decline_id: str, at: datetime) -> bool:
        """Count a decline for whatever is known of the attempt; return whether any of it was new.

        The same *decline_id* counts once for each scope.
        """
        counted = [await self._count(scope, value, decline_id, at) for scope, value in attempt.iter_keys()]
        return any(counted)

    async def _count(self, scope: CardingScope, value: str, decline_id: str, at: datetime) -> bool:
        # A transaction for each scope: a block of addresses that many share must not hold up an account.
        tally = await self.transact(
            lambda: self.tallies.count_decline(scope, value, BUDGETS[scope], decline_id=decline_id, at=at)
        )
        if tally is not None and tally.count > BUDGETS[scope].free:
            self._waits.ends[self.tallies.digest_key(scope, value)] = tally.blocked_until
            self.exceeded.labels(scope.value).inc()
            log.warning("carding.budget_exceeded", scope=scope.value)
        return tally is not None

    async def _read_waits(self, at: datetime) -> None:
        ends = await self.tallies.list_waits(at=at, limit=MAX_WAITS)
        self._waits.ends, self._waits.read_at, self._waits.is_complete = ends, at, len(ends) < MAX_WAITS
