"""Weeks: which exist, which take reports, for which tokens are drawn."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.telemetry.domain import Calendar, Calendars, Stream

ISO = Calendar()
DEMO = Calendar(Stream.DEMO, timedelta(seconds=10))
MONDAY = datetime(2026, 11, 30, tzinfo=UTC)
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - aware by timezones


def test_b02_the_week_that_closed_last_and_the_one_before_are_accepted() -> None:
    assert [week.name for week in ISO.accepted_weeks(MONDAY)] == ["2026-W48", "2026-W47"]
    assert [week.name for week in ISO.accepted_weeks(MONDAY - timedelta(milliseconds=1))] == ["2026-W47", "2026-W46"]


def test_tokens_are_drawn_for_the_thirteen_weeks_that_follow_the_running_one() -> None:
    names = [week.name for week in ISO.token_weeks(MONDAY + timedelta(days=3))]
    assert (len(names), names[0], names[-1]) == (13, "2026-W50", "2027-W09")
    assert all(week.starts_at > MONDAY for week in ISO.token_weeks(MONDAY))


@given(at=TIMES)
def test_an_iso_week_is_what_the_standard_says(at: datetime) -> None:
    year, week, _ = at.isocalendar()
    found = ISO.week_at(at)
    assert found.name == f"{year:04}-W{week:02}"
    assert (found.year, ISO.parse(found.name)) == (year, found)
    assert found.starts_at <= at < found.closed_at


@given(at=TIMES)
def test_a_week_of_the_demonstration_has_a_name_of_its_own(at: datetime) -> None:
    found = DEMO.week_at(at)
    assert DEMO.parse(found.name) == found
    assert found.closed_at - found.starts_at == timedelta(seconds=10)
    with pytest.raises(ValueError, match="week"):
        ISO.parse(found.name)


@pytest.mark.parametrize(
    "name",
    [
        *("2025-W53", "2026-W00", "2026-W54", "0000-W01", "2026-W1", "2026W49", "", "week"),
        *("٢٠٢٦-W٤٩", "2026-W49 ", "2026-W49\n", "demo-10s-5"),
    ],
)
def test_a_week_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"[Ww]eek|[Yy]ear"):
        ISO.parse(name)


@pytest.mark.parametrize("name", ["demo-5s-100", "demo-10s-0", "demo-10s-01", "demo-10s-999999999999", "2026-W49"])
def test_a_week_of_another_length_is_no_week_of_the_demonstration(name: str) -> None:
    with pytest.raises(ValueError, match="week"):
        DEMO.parse(name)


def test_raw_reports_live_for_fourteen_days_after_the_end_of_their_week() -> None:
    week = ISO.parse("2026-W48")
    assert week.closed_at == MONDAY
    assert week.retention_ends_at == MONDAY + timedelta(days=14)
    assert week not in ISO.accepted_weeks(week.retention_ends_at)


def test_the_demonstration_has_weeks_only_where_a_length_is_set() -> None:
    assert Calendars.from_demo_week(None).get(Stream.DEMO) is None
    assert Calendars.from_demo_week(timedelta(seconds=10)).get(Stream.DEMO) == DEMO
