"""A new sender begins slowly, and every limit has a window of its own."""

from datetime import UTC, date, datetime

import pytest

from services.newsletter.domain.campaigns.limits import (
    SendingLimits,
    WarmUpPlan,
    domain_window,
    relay_window,
    warm_up_window,
)

PLAN = WarmUpPlan(started_on=date(2027, 3, 1), daily_limits=(50, 100, 500))
AT = datetime(2027, 3, 2, 15, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(("day", "limit"), [(1, 50), (2, 100), (3, 500), (4, None)])
def test_the_plan_grows_day_by_day_and_ends(day: int, limit: int | None) -> None:
    assert PLAN.find_limit(datetime(2027, 3, day, 23, 59, tzinfo=UTC)) == limit


def test_before_its_first_day_the_plan_lets_nothing_out() -> None:
    assert PLAN.find_limit(datetime(2027, 2, 28, 12, tzinfo=UTC)) == 0


def test_each_limit_counts_in_a_window_of_its_own() -> None:
    limits = SendingLimits(per_second=10, per_domain_minute=60, warm_up=PLAN)
    windows = [relay_window(limits, AT), domain_window(limits, "hash", AT), warm_up_window(limits, AT)]
    assert [(w.limit, (w.ends_at - AT).total_seconds()) for w in windows if w] == [(10, 1), (60, 55), (100, 32155)]
    assert len({w.key for w in windows if w}) == 3


def test_without_limits_there_is_no_window() -> None:
    assert (relay_window(SendingLimits(), AT), domain_window(SendingLimits(), "h", AT)) == (None, None)
    assert warm_up_window(SendingLimits(), AT) is None
