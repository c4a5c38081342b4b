"""Declines are counted per account, address block and card range, and the wait doubles."""

from datetime import timedelta

import pytest

from services.payments.domain.carding import (
    CardAttempt,
    CardingScope,
    DeclineBudget,
    DeclineCounter,
    network_block,
)
from services.payments.errors import CardAttemptsExceededError
from services.payments.service import CardingGuard
from shared.observe import render_metrics
from tests.support import NOON

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BUDGETS = {
    CardingScope.ACCOUNT: DeclineBudget(free=2),
    CardingScope.ADDRESS: DeclineBudget(free=4),
    CardingScope.RANGE: DeclineBudget(free=6),
}


def attempt(account: str = "acc_1", address: str = "192.0.2.1", number: str = "424242") -> CardAttempt:
    return CardAttempt(account_id=account, address=address, number_start=number)


def counter() -> DeclineCounter:
    return DeclineCounter(BUDGETS, secret=b"s" * 32)


def test_b4_09_the_wait_doubles_with_each_decline_over_the_budget() -> None:
    declines = counter()
    waits = []
    for _ in range(5):
        declines.count_decline(attempt(), at=NOON)
        found = declines.get_wait(attempt(), at=NOON)
        waits.append(found[1] if found else timedelta())
    assert waits == [timedelta(), timedelta(), MINUTE, 2 * MINUTE, 4 * MINUTE]


def test_b4_09_many_accounts_at_one_address_block_are_seen() -> None:
    declines = counter()
    for number in range(5):
        declines.count_decline(attempt(f"acc_{number}", f"192.0.2.{number}", f"5{number}0000"), at=NOON)
    stranger = attempt("acc_new", "192.0.2.200", "600000")
    assert declines.get_wait(stranger, at=NOON) == (CardingScope.ADDRESS, MINUTE)
    assert declines.get_wait(attempt("acc_new", "198.51.100.1", "600000"), at=NOON) is None


def test_b4_09_many_cards_of_one_range_are_seen() -> None:
    declines = counter()
    for number in range(7):
        declines.count_decline(attempt(f"acc_{number}", f"203.0.{number}.1", "42424200"), at=NOON)
    assert declines.get_wait(attempt("acc_new", "198.51.100.1", "42424299"), at=NOON) == (CardingScope.RANGE, MINUTE)


def test_a_wait_ends_and_old_declines_are_forgotten() -> None:
    declines = counter()
    for _ in range(3):
        declines.count_decline(attempt(), at=NOON)
    assert declines.get_wait(attempt(), at=NOON + MINUTE) is None
    later = NOON + MINUTE + HOUR
    declines.count_decline(attempt(), at=later)
    assert declines.get_wait(attempt(), at=later) is None


def test_the_end_of_a_wait_is_no_new_start() -> None:
    declines = counter()
    for _ in range(3):
        declines.count_decline(attempt(), at=NOON)
    declines.count_decline(attempt(), at=NOON + MINUTE)
    assert declines.get_wait(attempt(), at=NOON + MINUTE) == (CardingScope.ACCOUNT, 2 * MINUTE)


def test_no_address_and_no_digits_are_kept_in_memory() -> None:
    declines = counter()
    declines.count_decline(attempt(), at=NOON)
    assert "192.0.2" not in str(vars(declines)["_declines"])
    assert "424242" not in str(vars(declines)["_declines"])
    assert "424242" not in repr(attempt())


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


def test_a_refused_attempt_says_how_long_to_wait_and_is_counted() -> None:
    guard = CardingGuard(counter=counter())
    for _ in range(3):
        guard.check(attempt(), at=NOON)
        guard.record_decline(attempt(), at=NOON)
    with pytest.raises(CardAttemptsExceededError) as refused:
        guard.check(attempt(), at=NOON)
    assert refused.value.retry_after == 60
    metrics = render_metrics()[0].decode()
    assert 'candor_payments_carding_refusals_total{scope="account"}' in metrics
