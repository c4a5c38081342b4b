"""Secondary suppression: what is hidden cannot be computed from what is shown."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.telemetry.domain.suppression import (
    TOTAL,
    Position,
    find_bridges,
    hide_secondary,
    hide_secondary_in_line,
)

ROWS, COLUMNS = ("a", "b", "c"), ("u", "v", "w", "x")
CELLS = st.fixed_dictionaries({position: st.integers(-30, 90) for position in product(ROWS, COLUMNS)})


def with_margins(cells: Mapping[Position, int]) -> dict[Position, int]:
    table = dict(cells)
    for row in ROWS:
        table[row, TOTAL] = sum(cells[row, column] for column in COLUMNS)
    for column in COLUMNS:
        table[TOTAL, column] = sum(cells[row, column] for row in ROWS)
    return table


def computable(hidden: Iterable[Position]) -> set[Position]:
    """Return the hidden positions that the equations of rows and columns determine: Gauss, independent of the graph."""
    unknown = sorted(hidden)
    lines = [[position for position in unknown if position[0] == row] for row in (*ROWS, TOTAL)]
    lines += [[position for position in unknown if position[1] == column] for column in (*COLUMNS, TOTAL)]
    matrix = [[Fraction(position in line) for position in unknown] for line in lines if line]
    pivots: list[int] = []
    for column in range(len(unknown)):
        rank = len(pivots)
        found = next((row for row in range(rank, len(matrix)) if matrix[row][column]), None)
        if found is None:
            continue
        matrix[rank], matrix[found] = matrix[found], matrix[rank]
        first = matrix[rank][column]
        matrix[rank] = [each / first for each in matrix[rank]]
        for row in range(len(matrix)):
            if row != rank and (factor := matrix[row][column]):
                matrix[row] = [one - factor * two for one, two in zip(matrix[row], matrix[rank], strict=True)]
        pivots.append(column)
    return {unknown[pivot] for rank, pivot in enumerate(pivots) if sum(bool(each) for each in matrix[rank]) == 1}


@settings(max_examples=60, deadline=None)
@given(cells=CELLS, minimum=st.integers(0, 50))
def test_no_hidden_figure_follows_from_rows_and_columns(cells: dict[Position, int], minimum: int) -> None:
    table = with_margins(cells)
    small = {position for position, count in table.items() if count < minimum}
    hidden = hide_secondary(table, small)
    assert small <= hidden
    assert not computable(hidden)


@settings(max_examples=60, deadline=None)
@given(hidden=st.sets(st.sampled_from([*product((*ROWS, TOTAL), COLUMNS), *((row, TOTAL) for row in ROWS)])))
def test_a_bridge_is_exactly_what_the_equations_determine(hidden: set[Position]) -> None:
    assert set(find_bridges(hidden)) == computable(hidden)


def test_b3_a_single_hidden_cell_takes_the_cheapest_rectangle_with_it() -> None:
    cells = dict.fromkeys(product(ROWS, COLUMNS), 100) | {("a", "u"): 1, ("a", "v"): 20, ("b", "u"): 30, ("b", "v"): 40}
    hidden = hide_secondary(with_margins(cells), {("a", "u")})
    assert hidden == {("a", "u"), ("a", "v"), ("b", "u"), ("b", "v")}


def test_nothing_more_is_hidden_where_nothing_is_small() -> None:
    assert hide_secondary(with_margins(dict.fromkeys(product(ROWS, COLUMNS), 100)), set()) == frozenset()


@pytest.mark.parametrize(
    ("hidden", "expected"),
    [(set(), set()), ({"a"}, {"a", "b"}), ({"a", "c"}, {"a", "c"}), ({"a", "b", "c"}, {"a", "b", "c"})],
)
def test_one_hidden_figure_of_a_line_is_never_alone(hidden: set[str], expected: set[str]) -> None:
    assert hide_secondary_in_line({"a": 3, "b": 40, "c": 90}, hidden) == expected
