"""Exponential back-off: grows, ends, and never sends everyone back at once."""

from datetime import timedelta

import pytest

from shared.backoff import Backoff


@pytest.mark.parametrize(("failures", "longest"), [(1, 2), (2, 4), (3, 8), (8, 256), (9, 300), (10_000, 300)])
def test_a_delay_doubles_up_to_the_maximum_and_jitter_takes_at_most_half(failures: int, longest: float) -> None:
    for _ in range(50):
        assert longest / 2 <= Backoff(2, 300).delay_seconds(failures) <= longest


def test_many_clients_do_not_return_at_once() -> None:
    assert len({Backoff(2, 300).delay_seconds(4) for _ in range(100)}) > 20


def test_durations_make_the_same_delays() -> None:
    backoff = Backoff.from_durations(timedelta(seconds=2), timedelta(minutes=5))
    assert timedelta(seconds=1) <= backoff.delay_for(1) <= timedelta(seconds=2)
