"""Telemetry's rules: groups that hide everybody, weeks, buckets."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.telemetry.domain import OptIn, bucket, publishable, week_ends, week_of

COUNTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(min_value=1, max_value=30), min_size=1)


def shown(counts: Mapping[str, int], minimum_group: int = 5) -> dict[str, int]:
    return {cell.value: cell.count for cell in publishable({"os": counts}, minimum_group=minimum_group)}


def test_C15_a_group_below_the_minimum_is_not_published() -> None:
    assert "rare" not in shown({"common": 40, "usual": 9, "rare": 1})


def test_C15_a_hidden_figure_cannot_be_found_by_subtraction() -> None:
    assert shown({"common": 40, "usual": 9, "rare": 1}) == {"common": 40}


def test_C15_two_hidden_groups_that_are_large_together_hide_each_other() -> None:
    assert shown({"common": 40, "rare": 3, "rarer": 2}) == {"common": 40}


@given(counts=COUNTS, minimum_group=st.integers(min_value=2, max_value=10))
def test_C15_what_is_missing_from_the_total_is_nothing_or_a_group(counts: dict[str, int], minimum_group: int) -> None:
    cells = shown(counts, minimum_group)
    missing = sum(counts.values()) - sum(cells.values())
    assert missing == 0 or missing >= minimum_group or not cells
    assert all(count >= minimum_group for count in cells.values())


@pytest.mark.parametrize(("count", "kept"), [(0, 0), (1, 1), (2, 1), (9, 3), (10, 10), (299, 100), (1_000_000, 300)])
def test_a_counter_is_kept_as_a_bucket(count: int, kept: int) -> None:
    assert bucket(count) == kept


def test_a_week_is_named_by_iso_8601_also_over_new_year() -> None:
    assert week_of(datetime(2027, 1, 1, tzinfo=UTC)) == "2026-W53"
    assert week_ends("2026-W53") == date(2027, 1, 4)


def test_C03_an_opt_in_does_not_cover_what_came_before_it() -> None:
    said_yes = OptIn(installation="ins_1", question_version=1, granted_at=datetime(2026, 11, 22, 12, tzinfo=UTC))
    assert not said_yes.covers(datetime(2026, 11, 22, 11, tzinfo=UTC))
