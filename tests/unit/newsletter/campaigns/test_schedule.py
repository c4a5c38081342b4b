"""A schedule is an instant that somebody chose in a zone: no time is guessed, and none moves afterwards."""

import re
from datetime import UTC, datetime

import pytest

from services.newsletter.domain.campaigns.schedule import Schedule, parse_schedule
from services.newsletter.errors import InvalidScheduleError

NOW = datetime(2027, 1, 1, tzinfo=UTC)
BERLIN = "Europe/Berlin"


def at(text: str, zone: str = BERLIN, now: datetime = NOW) -> Schedule:
    return parse_schedule(text, zone, now=now)


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2027-03-01T09:30", BERLIN, "2027-03-01T08:30:00+00:00"),
        ("2027-07-01T09:30", BERLIN, "2027-07-01T07:30:00+00:00"),
        ("2027-07-01T09:30:00+02:00", BERLIN, "2027-07-01T07:30:00+00:00"),
        ("2027-10-31T02:30+02:00", BERLIN, "2027-10-31T00:30:00+00:00"),
        ("2027-10-31T02:30+01:00", BERLIN, "2027-10-31T01:30:00+00:00"),
        ("2027-06-01T12:00", "Asia/Kathmandu", "2027-06-01T06:15:00+00:00"),
        ("2027-04-04T01:45+10:30", "Australia/Lord_Howe", "2027-04-03T15:15:00+00:00"),
    ],
)
def test_a_local_time_is_one_instant(text: str, zone: str, instant: str) -> None:
    schedule = at(text, zone)
    assert schedule.at.isoformat() == instant
    assert schedule.time_zone == zone


@pytest.mark.parametrize(
    ("text", "zone", "why"),
    [
        ("2027-03-28T02:30", BERLIN, "does not exist"),
        ("2027-03-14T02:00", "America/New_York", "does not exist"),
        ("2027-10-31T02:30", BERLIN, "occurs twice there: add the offset, .0200 for the first or .0100 for the second"),
        ("2027-10-31T02:30+03:00", BERLIN, "does not have this offset"),
        ("2027-03-28T02:30+01:00", "America/New_York", "does not have this offset"),
        ("2026-12-31T09:30", BERLIN, "has passed"),
        ("2029-01-01T09:30", BERLIN, "more than a year ahead"),
        ("tomorrow", BERLIN, "is no time such as"),
        ("2027-03-01T09:30", "Mars/Olympus", "none of the IANA names"),
        ("2027-03-01T09:30", "../../etc/passwd", "none of the IANA names"),
        ("2027-03-01T09:30", "", "none of the IANA names"),
        ("2027-03-01T09:30", "localtime", "none of the IANA names"),
        ("2027-03-01T09:30", "Factory", "none of the IANA names"),
        ("2027-03-01T09:30", "right/Europe/Berlin", "none of the IANA names"),
        ("9999-12-31T23:59", "America/New_York", "cannot be computed"),
        ("0001-01-01T00:00", "Asia/Tokyo", "cannot be computed"),
    ],
)
def test_a_time_that_does_not_exist_once_is_refused(text: str, zone: str, why: str) -> None:
    with pytest.raises(InvalidScheduleError) as refusal:
        at(text, zone)
    [problem] = refusal.value.fields
    assert problem.field == ("time_zone" if "IANA" in why else "local_time")
    assert re.search(why, problem.message)


def test_the_answer_shows_the_local_time_with_its_offset() -> None:
    assert at("2027-07-01T09:30").local_time.isoformat() == "2027-07-01T09:30:00+02:00"
