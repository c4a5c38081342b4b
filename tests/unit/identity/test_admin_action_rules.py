"""The rules of acts, reports and deadlines."""

from datetime import UTC, datetime, timedelta

import pytest

from services.identity.domain.privacy_requests.lifecycle import request_deadline
from services.identity.domain.sessions.access import Role
from services.identity.domain.staff.abuse_reports import answer_deadline, is_pgp_message
from services.identity.domain.staff.admin_actions import ADMIN_ACTION_RULES, AdminActionKind

MONDAY = datetime(2027, 1, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "later"),
    [(0, 3), (1, 3), (2, 5), (3, 5), (4, 5), (5, 4), (6, 3)],
    ids=["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
)
def test_C28_an_answer_is_due_after_three_working_days(days: int, later: int) -> None:
    received = MONDAY + timedelta(days=days)
    assert answer_deadline(received) == received + timedelta(days=later)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        (datetime(2027, 1, 4, 12, tzinfo=UTC), datetime(2027, 2, 3, 12, tzinfo=UTC)),  # our 30 days
        (datetime(2027, 1, 31, tzinfo=UTC), datetime(2027, 2, 28, tzinfo=UTC)),  # the month of the GDPR is shorter
        (datetime(2028, 1, 30, tzinfo=UTC), datetime(2028, 2, 29, tzinfo=UTC)),  # a leap year
        (datetime(2027, 2, 10, tzinfo=UTC), datetime(2027, 3, 10, tzinfo=UTC)),
        (datetime(2027, 12, 15, tzinfo=UTC), datetime(2028, 1, 14, tzinfo=UTC)),  # across the year
    ],
)
def test_C26_a_request_is_due_by_whatever_law_or_promise_says_first(received: datetime, due: datetime) -> None:
    assert request_deadline(received) == due


def test_C21_all_acts_have_a_rule_and_only_a_freeze_is_done_by_one() -> None:
    assert set(ADMIN_ACTION_RULES) == set(AdminActionKind)
    assert [kind for kind, rule in ADMIN_ACTION_RULES.items() if not rule.needs_approval] == [AdminActionKind.FREEZE]


def test_C21_engineers_do_nothing_to_accounts() -> None:
    assert not any(
        rule.may_request({Role.ENGINEER}) or rule.may_approve({Role.ENGINEER}) for rule in ADMIN_ACTION_RULES.values()
    )


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        ("-----BEGIN PGP MESSAGE-----\nx\n-----END PGP MESSAGE-----", True),
        ("\n -----BEGIN PGP MESSAGE-----\nx\n-----END PGP MESSAGE-----\n", True),
        ("-----BEGIN PGP MESSAGE-----\nx", False),
        ("BEGIN PGP MESSAGE", False),
        ("", False),
    ],
)
def test_C28_an_armoured_message_is_known_by_its_frame(text: str, is_so: bool) -> None:
    assert is_pgp_message(text) is is_so
