"""Telemetry's rules: groups that hide everybody, weeks, buckets."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.telemetry.domain import (
    Cell,
    CellCounter,
    Feature,
    OptIn,
    WeeklyReport,
    disclosure_risks,
    is_week_over,
    iso_week,
    next_week_start,
    suppress_small_cells,
    to_bucket,
)
from tests.support import NOON

COUNTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(min_value=1, max_value=30), min_size=1)


def shown(counts: Mapping[str, int], min_group_size: int = 5) -> dict[str, int]:
    return {cell.value: cell.count for cell in suppress_small_cells({"os": counts}, min_group_size=min_group_size)}


def test_C15_a_group_below_the_minimum_is_not_published() -> None:
    assert "rare" not in shown({"common": 40, "usual": 9, "rare": 1})


def test_C15_a_hidden_figure_cannot_be_found_by_subtraction() -> None:
    assert shown({"common": 40, "usual": 9, "rare": 1}) == {"common": 40}


def test_C15_two_hidden_groups_that_are_large_together_hide_each_other() -> None:
    assert shown({"common": 40, "rare": 3, "rarer": 2}) == {"common": 40}


@given(counts=COUNTS, min_group_size=st.integers(min_value=2, max_value=10))
def test_C15_what_is_missing_from_the_total_is_nothing_or_a_group(counts: dict[str, int], min_group_size: int) -> None:
    cells = shown(counts, min_group_size)
    missing = sum(counts.values()) - sum(cells.values())
    assert missing == 0 or missing >= min_group_size or not cells
    assert all(count >= min_group_size for count in cells.values())


@pytest.mark.parametrize(("count", "kept"), [(0, 0), (1, 1), (2, 1), (9, 3), (10, 10), (299, 100), (1_000_000, 300)])
def test_a_counter_is_kept_as_a_bucket(count: int, kept: int) -> None:
    assert to_bucket(count) == kept


def test_a_week_is_named_by_iso_8601_also_over_new_year() -> None:
    assert iso_week(datetime(2027, 1, 1, tzinfo=UTC)) == "2026-W53"
    assert next_week_start("2026-W53") == date(2027, 1, 4)


def test_C03_an_opt_in_does_not_cover_what_came_before_it() -> None:
    said_yes = OptIn(installation="ins_1", question_version=1, granted_at=datetime(2026, 11, 22, 12, tzinfo=UTC))
    assert not said_yes.allows(datetime(2026, 11, 22, 11, tzinfo=UTC))


REPORTS = st.builds(
    lambda program, version, os, counters: WeeklyReport(
        installation="ins_1",
        week="2027-W01",
        program=program,
        version=version,
        os=os,
        locale="en",
        counters=counters,
        received_at=NOON,
    ),
    st.sampled_from(["omnifocus", "omniplan", "omnigraffle"]),
    st.sampled_from(["4.8", "4.7"]),
    st.sampled_from(["macos-26", "ios-26", "web"]),
    st.dictionaries(st.sampled_from([feature.value for feature in Feature]), st.sampled_from([0, 1, 3])),
)


def tallied(reports: list[WeeklyReport]) -> CellCounter:
    tally = CellCounter()
    for report in reports:
        tally.add(report)
    return tally


@given(reports=st.lists(REPORTS, max_size=60), min_group_size=st.integers(min_value=2, max_value=10))
def test_C15_whatever_is_reported_no_figure_is_about_few(reports: list[WeeklyReport], min_group_size: int) -> None:
    tally = tallied(reports)
    cells = suppress_small_cells(tally.dimensions, min_group_size=min_group_size)
    assert disclosure_risks(cells, n=tally.n, min_group_size=min_group_size) == []


def a_report(program: str, counters: Mapping[str, int] | None = None) -> WeeklyReport:
    return WeeklyReport(
        installation="ins_1",
        week="2027-W01",
        program=program,
        version="4.8",
        os="web",
        locale="en",
        counters={"launches": 1} if counters is None else counters,
        received_at=NOON,
    )


def test_C15_the_versions_of_a_hidden_program_do_not_tell_how_often_it_was_used() -> None:
    programs = ["omnifocus"] * 40 + ["omniplan"] * 6 + ["omnigraffle"]
    tally = tallied([a_report(program) for program in programs])
    cells = suppress_small_cells(tally.dimensions, min_group_size=5)
    assert {cell.dimension for cell in cells if "omniplan" in f"{cell.dimension} {cell.value}"} == set()


def test_C15_who_did_not_count_a_feature_is_not_found_by_subtraction() -> None:
    tally = tallied([a_report("omnifocus") for _ in range(9)] + [a_report("omnifocus", {})])
    cells = suppress_small_cells(tally.dimensions, min_group_size=5)
    assert not [cell for cell in cells if cell.dimension.startswith("launches")]


@pytest.mark.parametrize(
    "cells",
    [
        [Cell(dimension="os", value="web", count=4)],
        [Cell(dimension="os", value="web", count=17)],
        [Cell(dimension="os", value="web", count=21)],
        [Cell(dimension="version of omniplan", value="4.8", count=20)],
    ],
    ids=["too few", "the rest too few", "more than all", "versions of a hidden program"],
)
def test_C15_a_figure_about_few_is_seen(cells: list[Cell]) -> None:
    assert disclosure_risks(cells, n=20, min_group_size=5) == [cells[0].dimension]


@pytest.mark.parametrize("week", ["2026-W99", "2026-W00", "0000-W01", "2025-W53", "9999-W52"])
def test_what_is_no_week_or_not_over_cannot_be_released(week: str) -> None:
    assert not is_week_over(week, NOON)


def test_a_week_is_over_on_the_monday_after_it() -> None:
    assert is_week_over("2026-W53", datetime(2027, 1, 4, tzinfo=UTC))
    assert not is_week_over("2027-W01", datetime(2027, 1, 10, 23, tzinfo=UTC))
