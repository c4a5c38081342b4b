"""The score of an address: letters in a row, over some time (N-05)."""

from datetime import timedelta

import pytest

from services.newsletter.domain.inbound.received import BounceScore, ScorePolicy, was_accepted_between
from tests.support import NOON

POLICY = ScorePolicy(letters=3, span=timedelta(days=7))


def score_after(*days: int, accepted_between: bool = False) -> BounceScore:
    score = BounceScore(subscription_id="sub_1")
    for number, day in enumerate(days):
        score = score.add(f"mail_{number}", NOON + timedelta(days=day), accepted_between=accepted_between)
    return score


def test_n05_a_single_soft_bounce_stops_nobody() -> None:
    assert not POLICY.is_dead(score_after(0))


def test_n05_every_bounce_is_recorded_and_enough_in_a_row_over_enough_time_stop_the_letters() -> None:
    assert score_after(0, 3, 7).mail_ids == ("mail_0", "mail_1", "mail_2")
    assert POLICY.is_dead(score_after(0, 3, 7))


def test_n05_many_bounces_in_one_outage_stop_nobody() -> None:
    assert not POLICY.is_dead(score_after(0, 1, 2, 3, 4, 5, 6))


def test_n05_an_accepted_letter_resets_the_score() -> None:
    assert score_after(0, 7, 14, accepted_between=True).mail_ids == ("mail_2",)


def test_two_reports_about_one_letter_count_once() -> None:
    score = score_after(0)
    assert score.add("mail_0", NOON + timedelta(days=1), accepted_between=False) == score


def test_a_verdict_that_is_undone_leaves_the_score() -> None:
    assert score_after(0, 7).remove_letter("mail_0").mail_ids == ("mail_1",)
    assert score_after(0).remove_letter("mail_0").first_at is None


@pytest.mark.parametrize(
    ("bounced", "newest", "expected"),
    [
        ((), "c", False),
        (("a",), "b", False),
        (("a",), "c", True),
        (("a", "b"), "c", False),
        (("b",), "d", True),
        (("a",), "unknown", False),
    ],
)
def test_a_letter_between_two_that_came_back_arrived(bounced: tuple[str, ...], newest: str, *, expected: bool) -> None:
    assert was_accepted_between(["a", "b", "c", "d"], bounced, newest) is expected
