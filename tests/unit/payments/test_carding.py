"""Declines are counted per account, address block and card range, and the wait doubles."""

from datetime import datetime, timedelta

import pytest

from services.payments.domain.carding import (
    CardAttempt,
    CardingScope,
    DeclineBudget,
    DeclineTally,
    add_decline,
    network_block,
)
from tests.support import NOON

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BUDGET = DeclineBudget(free=2)


def declined(*times: datetime) -> DeclineTally:
    """Return the tally after declines at these times."""
    tally = None
    for at in times:
        tally = add_decline(tally, BUDGET, at=at)
    assert tally is not None
    return tally


def test_b4_09_the_wait_doubles_with_each_decline_over_the_budget() -> None:
    waits = [declined(*[NOON] * count).blocked_until - NOON for count in range(1, 6)]
    assert waits == [timedelta(), timedelta(), MINUTE, 2 * MINUTE, 4 * MINUTE]


def test_the_longest_wait_is_a_day() -> None:
    assert declined(*[NOON] * 60).blocked_until - NOON == timedelta(hours=24)


def test_a_wait_ends_and_old_declines_are_forgotten() -> None:
    tally = declined(NOON, NOON, NOON)
    assert (tally.blocked_until, tally.forget_at) == (NOON + MINUTE, NOON + MINUTE + HOUR)
    assert declined(NOON, NOON, NOON, tally.forget_at).count == 1


def test_the_end_of_a_wait_is_no_new_start() -> None:
    assert declined(NOON, NOON, NOON, NOON + MINUTE).blocked_until == NOON + 3 * MINUTE


def test_an_attempt_counts_for_what_is_known_of_it() -> None:
    whole = CardAttempt(account_id="acc_1", address="192.0.2.1", number_start="42424242")
    assert list(whole.iter_keys()) == [
        (CardingScope.ACCOUNT, "acc_1"),
        (CardingScope.ADDRESS, "192.0.2.0/24"),
        (CardingScope.RANGE, "424242"),
    ]
    assert "424242" not in repr(whole)
    assert list(CardAttempt(account_id="acc_1", address="").iter_keys()) == [(CardingScope.ACCOUNT, "acc_1")]


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("not an address", ""),
    ],
)
def test_addresses_are_counted_by_their_block(address: str, block: str) -> None:
    assert network_block(address) == block
