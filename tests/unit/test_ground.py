"""The ground that everything stands on: errors, time, ids."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared import clock, ids
from shared.errors import (
    ConflictError,
    FieldProblem,
    InvalidInputError,
    ServiceError,
    TooManyRequestsError,
    UnavailableError,
)


class FullError(ConflictError):
    """The shelf is full.

    More than this is for developers.
    """

    code = "demo.full"


def test_an_error_takes_its_title_from_the_first_line_of_its_docstring() -> None:
    assert (FullError.get_title(), FullError().detail, str(FullError("Three books."))) == (
        "The shelf is full",
        "The shelf is full",
        "Three books.",
    )


def test_an_error_carries_what_the_edge_needs() -> None:
    problem = FieldProblem(field="name", code="taken", message="Taken")
    fault = InvalidInputError(fields=(problem,), retry_after=3, headers={"X-A": "b"})
    assert (fault.status, fault.fields, fault.retry_after, fault.headers) == (422, (problem,), 3, {"X-A": "b"})


def test_unavailable_always_says_when_to_come_back() -> None:
    assert UnavailableError().retry_after == 2
    assert TooManyRequestsError().status == 429


def test_the_family_has_a_code_and_a_remedy_for_each() -> None:
    assert all(
        kind.code and kind.status >= 400 and kind.remedy
        for kind in ServiceError.__subclasses__()
        if kind.__module__ == "shared.errors"
    )


def test_the_time_is_utc_in_whole_milliseconds() -> None:
    now = clock.utc_now()
    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


def test_the_monotonic_clock_goes_on() -> None:
    assert clock.monotonic() <= clock.monotonic()


@pytest.mark.parametrize(
    ("at", "told"),
    [
        (datetime(2027, 1, 4, 12, tzinfo=UTC), "2027-01-04T12:00:00.000Z"),
        (datetime(2027, 1, 4, 12, 0, 0, 999_999, tzinfo=UTC), "2027-01-04T12:00:00.999Z"),
        (datetime(2027, 1, 4, 12, tzinfo=timezone(timedelta(hours=2))), "2027-01-04T10:00:00.000Z"),
    ],
)
def test_a_time_is_told_as_rfc_3339_in_utc(at: datetime, told: str) -> None:
    assert clock.rfc3339(at) == told


def test_ids_are_prefixed_unguessable_and_easy_to_read_aloud() -> None:
    made = {ids.new_id("acc") for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(each) == 30 and each.startswith("acc_") for each in made)
    assert not set("".join(made)) - set("acc_0123456789abcdefghjkmnpqrstvwxyz")
    assert len({each[4] for each in made}) == 32, "every bit is random, the first too"


def test_ids_in_order_begin_with_their_time_and_are_unguessable_beyond_it() -> None:
    times = [datetime(2026, 11, 24, tzinfo=UTC) + timedelta(milliseconds=1) * each for each in range(100)]
    clock = iter(times)
    new_id = ids.ulid_factory(lambda: next(clock))
    made = [new_id("nod") for _ in times]
    assert made == sorted(made)
    assert all(re.fullmatch(r"nod_[0-9a-hj-km-np-tv-z]{26}", each) for each in made)
    told = [
        sum(ids.BASE32_ALPHABET.index(letter) << 5 * (9 - at) for at, letter in enumerate(one[4:14])) for one in made
    ]
    assert told == [round(each.timestamp() * 1000) for each in times]
    at_once = ids.ulid_factory(lambda: times[0])
    alike = {at_once("nod") for _ in range(1000)}
    assert len(alike) == 1000
    assert {each[:14] for each in alike} == {made[0][:14]}


def test_tokens_have_the_bits_that_are_asked_for() -> None:
    assert len(ids.new_token()) == 43
    assert len(ids.new_token(128)) == 22
    assert ids.new_token() != ids.new_token()
    assert len(ids.random_bytes(32)) == 32


def test_a_secret_that_people_type_has_no_dash_before_it_and_no_letter_that_is_read_wrongly() -> None:
    made = {ids.new_grouped_secret() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"([0-9a-hj-km-np-tv-z]{4}-){6}[0-9a-hj-km-np-tv-z]{4}", each) for each in made)
    assert len({each[0] for each in made}) == len({each[-1] for each in made}) == 32, "all 140 bits are random"


def test_a_digest_is_the_same_for_the_same_token() -> None:
    assert ids.sha256_digest("x") == ids.sha256_digest("x") != ids.sha256_digest("y")
    assert len(ids.sha256_digest("x")) == 32


def test_waiters_do_not_return_together() -> None:
    waits = [ids.jitter(2.0) for _ in range(200)]
    assert min(waits) >= 1.0
    assert max(waits) <= 2.0
    assert len(set(waits)) > 100
