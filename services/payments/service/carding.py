"""Stops carding: after too many declines the processor is not asked for a while."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import ClassVar

from services.payments.domain.carding import CardAttempt, CardingScope, DeclineBudget, DeclineCounter
from services.payments.domain.declines import DeclineReason
from services.payments.errors import CardAttemptsExceededError
from shared import observe

log = observe.get_logger(__name__)

BUDGETS = {
    CardingScope.ACCOUNT: DeclineBudget(free=5),
    CardingScope.ADDRESS: DeclineBudget(free=15),
    CardingScope.RANGE: DeclineBudget(free=40, first_wait=timedelta(seconds=30), longest_wait=timedelta(hours=1)),
}
"""A customer mistypes a few times; an office shares an address; honest customers share an issuer."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CardingGuard:
    """Checks each attempt before the processor is asked, and counts each decline: when storing and when charging."""

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
    counter: DeclineCounter

    def check(self, attempt: CardAttempt, *, at: datetime) -> None:
        """Raise CardAttemptsExceededError while the account, the address block or the card range must wait."""
        wait = self.counter.get_wait(attempt, at=at)
        if wait is not None:
            scope, remaining = wait
            self.refused.labels(scope.value).inc()
            raise CardAttemptsExceededError(retry_after=ceil(remaining.total_seconds()))

    def record_decline(self, attempt: CardAttempt, *, at: datetime) -> None:
        """Count a decline."""
        for scope in self.counter.count_decline(attempt, at=at):
            self.exceeded.labels(scope.value).inc()
            log.warning("carding.budget_exceeded", scope=scope.value)
