"""What has no outcome is asked about ever more rarely, and has an end."""

from datetime import timedelta

from services.payments.domain.retries import RetrySchedule
from tests.support import NOON


def test_delays_grow_to_a_day_and_end_after_about_a_week() -> None:
    schedule = RetrySchedule(timedelta(seconds=30))
    delays: list[timedelta] = []
    while retry_at := schedule.next_retry(len(delays) + 1, NOON):
        delays.append(retry_at - NOON)
    assert delays == sorted(delays)
    assert (delays[0], delays[-1]) == (timedelta(seconds=30), timedelta(days=1))
    assert timedelta(days=5) < sum(delays, timedelta()) < timedelta(days=8)
